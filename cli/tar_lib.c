/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "cp_tar.h"
#include "tar_lib.h"

int cp_tar(struct cmd_env *env, const struct operand *src, size_t nr, const struct operand *dst)
{
	const struct cp_opts *opts = env->opts;

	if (nr != 1)
		env_usage(env, "--tar", NULL, "takes one archive and one DEVICE:/path");
	if (src->path && dst->path)
		env_usage(env, "--tar", "use cp -r without it",
			  "needs a local archive, and both sides are in a famfs");
	if (opts->sparse || opts->follow || opts->has_size)
		env_usage(env, "--tar", NULL, "goes without --sparse, --dereference and --size");
	if (dst->path)
		return cp_tar_in(env, src->text, dst, opts);
	return cp_tar_out(env, src, dst->text, opts);
}

#ifdef HAVE_LIBARCHIVE

struct symbol {
	const char *name;
	size_t slot; /* where in the table its address goes */
};

#define SYMBOL(fn) { "archive_" #fn, offsetof(struct tar_lib, fn) },

static const struct symbol symbols[] = { TAR_FUNCTIONS(SYMBOL) };

int tar_lib_load(struct cmd_env *env, struct tar_lib *ret_lib)
{
	void *handle = dlopen(FAMFS_SONAME_ARCHIVE, RTLD_NOW | RTLD_LOCAL), *fn;
	size_t i;

	if (!handle)
		return env_errorf(env, -EOPNOTSUPP, FAMFS_SONAME_ARCHIVE,
				  "cannot be loaded, so no tar; install libarchive");
	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		fn = dlsym(handle, symbols[i].name);
		if (!fn)
			return env_errorf(env, -EOPNOTSUPP, FAMFS_SONAME_ARCHIVE,
					  "has no %s: a newer libarchive is needed",
					  symbols[i].name);
		memcpy((char *)ret_lib + symbols[i].slot, &fn, sizeof(fn));
	}
	return 0;
}

#else

int cp_tar_in(struct cmd_env *env, const char *archive, const struct operand *dst,
	      const struct cp_opts *opts)
{
	(void)dst;
	(void)opts;
	return env_errorf(env, -EOPNOTSUPP, archive, "built without libarchive: no tar");
}

int cp_tar_out(struct cmd_env *env, const struct operand *src, const char *archive,
	       const struct cp_opts *opts)
{
	(void)src;
	(void)opts;
	return env_errorf(env, -EOPNOTSUPP, archive, "built without libarchive: no tar");
}

#endif
