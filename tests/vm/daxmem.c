/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills, prints, compares, poisons or keeps a range of a device by mapping it: a devdax device
 * takes neither read() nor write(), so dd and cmp cannot do this.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DAX_ALIGN (2UL << 20)

static size_t number(const char *s)
{
	char *end;
	unsigned long long n = strtoull(s, &end, 0);

	if (*s == '\0' || *end != '\0')
		errx(2, "%s: not a number", s);
	return n;
}

static void done(int sig)
{
	(void)sig;
	_exit(0);
}

static void print_range(const char *from, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, from, len);

		if (n < 0)
			err(1, "standard output");
		from += n;
		len -= (size_t)n;
	}
}

static void compare_range(const char *from, size_t len, char byte)
{
	for (size_t i = 0; i < len; i++)
		if (from[i] != byte)
			errx(1, "byte %zu of %zu is 0x%02x, not 0x%02x", i, len,
			     (unsigned char)from[i], (unsigned char)byte);
}

/*
 * As if a memory error had been found: whoever has the pages mapped is told, this process first,
 * and its way to go on is to be done.
 */
static void poison_range(char *at, size_t len)
{
	volatile char *touched = at;

	signal(SIGBUS, done);
	*touched;
	if (madvise(at, len, MADV_HWPOISON) < 0)
		err(1, "MADV_HWPOISON");
}

static char *map_range(const char *device, size_t off, size_t len, int writing)
{
	size_t start = off & ~(DAX_ALIGN - 1);
	size_t map_len = (off + len - start + DAX_ALIGN - 1) & ~(DAX_ALIGN - 1);
	int fd = open(device, writing ? O_RDWR : O_RDONLY);
	char *map;

	if (fd < 0)
		err(1, "%s", device);
	map = mmap(NULL, map_len, writing ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
		   (off_t)start);
	if (map == MAP_FAILED)
		err(1, "%s: mmap", device);
	close(fd);
	return map + (off - start);
}

int main(int argc, char **argv)
{
	int fill = argc == 6 && strcmp(argv[1], "fill") == 0;
	int holds = argc == 6 && strcmp(argv[1], "holds") == 0;
	int print = argc == 5 && strcmp(argv[1], "read") == 0;
	int poison = argc == 5 && strcmp(argv[1], "poison") == 0;
	int keep = argc == 5 && strcmp(argv[1], "keep") == 0;
	size_t len;
	char *mem;

	if (!fill && !holds && !print && !poison && !keep)
		errx(2, "usage: daxmem {fill | holds} DEVICE OFFSET LENGTH BYTE\n"
			"       daxmem {read | poison | keep} DEVICE OFFSET LENGTH");
	len = number(argv[4]);
	mem = map_range(argv[2], number(argv[3]), len, fill);
	if (fill)
		memset(mem, (int)number(argv[5]), len);
	else if (holds)
		compare_range(mem, len, (char)number(argv[5]));
	else if (print)
		print_range(mem, len);
	else if (poison)
		poison_range(mem, len);
	else
		pause();
	return 0;
}
