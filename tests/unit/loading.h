/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries that are loaded when needed, and are not there or other than expected. */
#ifndef FAMFS_TESTS_LOADING_H
#define FAMFS_TESTS_LOADING_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* @missing: no library is there. @symbol: as if it were at @address, NULL: as if it were not. */
static struct {
	bool missing;
	const char *symbol;
	void *address;
	int open; /* libraries that were loaded and not yet given back */
} loading;

void *__real_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags);
void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlsym(void *handle, const char *name);
int __real_dlclose(void *handle);
int __wrap_dlclose(void *handle);

void *__wrap_dlopen(const char *name, int flags)
{
	void *handle = __real_dlopen(loading.missing ? "/nowhere/libmissing.so" : name, flags);

	loading.open += handle != NULL;
	return handle;
}

void *__wrap_dlsym(void *handle, const char *name)
{
	if (loading.symbol && strcmp(loading.symbol, name) == 0)
		return loading.address;
	return __real_dlsym(handle, name);
}

int __wrap_dlclose(void *handle)
{
	loading.open--;
	return __real_dlclose(handle);
}

#endif
