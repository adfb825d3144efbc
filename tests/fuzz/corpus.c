/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a target on the files and directories of the command line, without libFuzzer. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static void run_file(const char *name, size_t size)
{
	/* Of just that size, so that a sanitizer sees who reads behind it. */
	uint8_t *data = malloc(size ? size : 1);
	FILE *file = fopen(name, "rbe");

	if (!data || !file || fread(data, 1, size, file) != size)
		fuzz_fail(__FILE__, __LINE__, "%s: cannot be read: %s", name, strerror(errno));
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static unsigned long run(const char *name);

static unsigned long run_directory(const char *name)
{
	struct dirent **list = NULL;
	int nr = scandir(name, &list, NULL, alphasort);
	unsigned long done = 0;
	char path[4096];

	for (int i = 0; i < nr; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", name, list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			done += run(path);
		free(list[i]);
	}
	free(list);
	return done;
}

static unsigned long run(const char *name)
{
	struct stat st;

	if (stat(name, &st) < 0)
		fuzz_fail(__FILE__, __LINE__, "%s: %s", name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return run_directory(name);
	/* Should it end the program, this is the last line. */
	(void)printf("%s\n", name);
	(void)fflush(stdout);
	run_file(name, (size_t)st.st_size);
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long done = 0;

	(void)LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		done += run(argv[i]);
	(void)printf("%lu inputs\n", done);
	return done ? 0 : 1;
}
