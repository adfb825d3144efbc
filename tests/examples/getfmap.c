// SPDX-License-Identifier: Apache-2.0
/*
 * getfmap DEVICE [v1|v2]: the part of a FUSE server that famfs adds. It reads requests from
 * standard input as the kernel sends them through /dev/fuse, and answers GET_FMAP and GET_DAXDEV on
 * standard output. Node id 1 is the root; log entry N has node id N + 2.
 */
#include <errno.h>
#include <famfs.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_NODE 2

/* struct fuse_in_header and struct fuse_out_header, in the kernel's words. */
struct request {
	uint32_t len, opcode;
	uint64_t unique, nodeid;
	uint32_t uid, gid, pid;
	uint16_t total_extlen, padding;
};

struct answer {
	uint32_t len;
	int32_t error;
	uint64_t unique;
};

/* One buffer for all replies: nothing is allocated while the kernel waits. */
static int serve(struct famfs *fs, const struct famfs_wire *wire, const struct request *req,
		 struct famfs_reply *reply)
{
	struct famfs_entry entry;
	struct famfs_err err;
	int rc;

	reply->len = 0;
	if (req->opcode == wire->get_daxdev && wire->get_daxdev)
		return famfs_get_daxdev(fs, req->nodeid, reply, &err);
	if (req->opcode != wire->get_fmap)
		return -ENOSYS;
	if (req->nodeid < FIRST_NODE)
		return -EISDIR;
	/* What another host appended since is found as well. */
	rc = famfs_refresh(fs, &err);
	if (!rc)
		rc = famfs_log_entry(fs, req->nodeid - FIRST_NODE, &entry, &err);
	if (!rc)
		rc = famfs_get_fmap(fs, &entry, wire, reply, &err);
	if (rc)
		fprintf(stderr, "getfmap: %s: %s\n", err.object, err.message);
	return rc;
}

static int serve_all(struct famfs *fs, const struct famfs_wire *wire)
{
	struct famfs_reply reply = { .buf = malloc(wire->message_max), .cap = wire->message_max };
	struct answer answer;
	struct request req;
	int rc = reply.buf ? 0 : -ENOMEM;

	while (!rc && fread(&req, sizeof(req), 1, stdin) == 1) {
		answer.unique = req.unique;
		answer.error = req.len == sizeof(req) ? serve(fs, wire, &req, &reply) : -EINVAL;
		if (answer.error)
			reply.len = 0;
		answer.len = (uint32_t)(sizeof(answer) + reply.len);
		if (fwrite(&answer, sizeof(answer), 1, stdout) != 1 ||
		    fwrite(reply.buf, 1, reply.len, stdout) != reply.len || fflush(stdout))
			rc = -EIO;
		if (req.len != sizeof(req))
			break; /* what follows is no header */
	}
	free(reply.buf);
	return rc;
}

int main(int argc, char **argv)
{
	const struct famfs_wire *wire = famfs_wire_find(argc == 3 ? argv[2] : "v1");
	struct famfs_ctx *ctx;
	struct famfs_err err;
	struct famfs *fs;
	int rc;

	if (argc < 2 || argc > 3 || !wire) {
		fprintf(stderr, "usage: getfmap DEVICE [v1|v2] <REQUESTS >ANSWERS\n");
		return 2;
	}
	if (famfs_ctx_new(&ctx))
		return 1;
	rc = famfs_open(ctx, argv[1], 0, &fs, &err);
	if (rc) {
		fprintf(stderr, "getfmap: %s: %s\n", err.object, err.message);
	} else {
		rc = serve_all(fs, wire);
		famfs_close(fs);
	}
	famfs_ctx_free(ctx);
	return rc ? 1 : 0;
}
