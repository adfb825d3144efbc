/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA-256 of a file, by libcrypto, which is loaded when first needed. */
#include <string.h>

#include "data.h"
#include "err.h"
#include "fs.h"

#ifdef HAVE_LIBCRYPTO
#include <dlfcn.h>
#include <openssl/evp.h>

struct crypto_lib {
	void *handle;
	__typeof__(EVP_MD_CTX_new) *ctx_new;
	__typeof__(EVP_MD_CTX_free) *ctx_free;
	__typeof__(EVP_sha256) *sha256;
	__typeof__(EVP_DigestInit_ex) *init;
	__typeof__(EVP_DigestUpdate) *update;
	__typeof__(EVP_DigestFinal_ex) *final;
};

struct digest {
	struct crypto_lib lib;
	EVP_MD_CTX *md;
};

static bool load(struct crypto_lib *lib)
{
	lib->handle = dlopen(FAMFS_SONAME_CRYPTO, RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle)
		return false;
	lib->ctx_new = dlsym(lib->handle, "EVP_MD_CTX_new");
	lib->ctx_free = dlsym(lib->handle, "EVP_MD_CTX_free");
	lib->sha256 = dlsym(lib->handle, "EVP_sha256");
	lib->init = dlsym(lib->handle, "EVP_DigestInit_ex");
	lib->update = dlsym(lib->handle, "EVP_DigestUpdate");
	lib->final = dlsym(lib->handle, "EVP_DigestFinal_ex");
	return lib->ctx_new && lib->ctx_free && lib->sha256 && lib->init && lib->update &&
	       lib->final;
}

struct hashing {
	const struct digest *digest;
	size_t len;
};

static int hash(void *arg, uint8_t *at)
{
	const struct hashing *h = arg;

	return h->digest->lib.update(h->digest->md, at, h->len) != 1;
}

static int read_and_hash(struct data_worker *worker, uint64_t dev_off, size_t len)
{
	struct hashing hashing = { .digest = worker->job->arg };
	int rc = 0;

	for (; len > 0 && !rc; dev_off += hashing.len, len -= hashing.len) {
		hashing.len = len < DATA_BUF ? len : DATA_BUF;
		rc = dev_data_read(worker->job->dev, dev_off, worker->buf, hashing.len,
				   &worker->err);
		if (!rc)
			rc = hash(&hashing, worker->buf);
	}
	return rc;
}

static int digest_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	struct data_job *job = worker->job;
	struct hashing hashing = { .digest = job->arg, .len = len };
	int rc = dev_data_look(job->dev, dev_off, len, hash, &hashing, &worker->err);

	(void)off;
	if (rc == -EOPNOTSUPP)
		rc = read_and_hash(worker, dev_off, len);
	if (rc > 0)
		return err_set(&worker->err, -EIO, job->dev_name, "libcrypto cannot hash");
	return rc ? data_error(job, rc, &worker->err) : 0;
}

static int run(struct digest *digest, struct data_job *job, uint8_t ret_sum[FAMFS_SHA256_LEN],
	       struct famfs_err *err)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	int rc;

	digest->md = digest->lib.ctx_new();
	if (!digest->md || digest->lib.init(digest->md, digest->lib.sha256(), NULL) != 1) {
		digest->lib.ctx_free(digest->md);
		return err_set(err, -ENOMEM, job->dev_name, "libcrypto cannot begin a SHA-256");
	}
	rc = data_run(job, err);
	if (!rc && digest->lib.final(digest->md, sum, NULL) != 1)
		rc = err_set(err, -EIO, job->dev_name, "libcrypto cannot hash");
	digest->lib.ctx_free(digest->md);
	if (!rc)
		memcpy(ret_sum, sum, FAMFS_SHA256_LEN);
	return rc;
}

/* The library stays loaded: programs hash many files, and threads hash at the same time. */
int famfs_sha256(struct famfs *fs, const struct famfs_entry *entry,
		 const struct famfs_data_opts *opts, uint8_t ret_sum[FAMFS_SHA256_LEN],
		 struct famfs_err *err)
{
	struct digest digest = { .md = NULL };
	struct data_job job = {
		.ctx = fs->ctx,
		.dev = fs->dev,
		.dev_name = fs->dev->name,
		.entry = entry,
		.len = entry->size,
		.part = DATA_PIECE,
		.op = digest_op,
		.arg = &digest,
		.threads = 1,
		.progress = opts ? opts->progress : NULL,
		.progress_data = opts ? opts->data : NULL,
	};

	int rc = data_check_range(fs, entry, 0, entry->size, err);

	if (rc)
		return rc;
	if (!load(&digest.lib))
		return err_hint(err,
				err_set(err, -EOPNOTSUPP, FAMFS_SONAME_CRYPTO,
					"cannot be loaded: no SHA-256"),
				"install libcrypto (OpenSSL)");
	return run(&digest, &job, ret_sum, err);
}

#else

int famfs_sha256(struct famfs *fs, const struct famfs_entry *entry,
		 const struct famfs_data_opts *opts, uint8_t ret_sum[FAMFS_SHA256_LEN],
		 struct famfs_err *err)
{
	(void)entry;
	(void)opts;
	(void)ret_sum;
	return err_set(err, -EOPNOTSUPP, fs->dev->name, "built without libcrypto: no SHA-256");
}

#endif
