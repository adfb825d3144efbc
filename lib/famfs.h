/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libfamfs: the famfs file system, straight on the memory.
 *
 * Conventions that hold for every call:
 *  - The result is 0 or a negative errno; iterators give 1 for an item, 0 at the end.
 *  - The last parameter @err may be NULL. When a call fails it fills *@err and leaves its outputs
 *    untouched; when it succeeds *@err is not written.
 *  - Sizes, lengths and offsets are in bytes. Media offsets count from byte 0 of the file system.
 *  - Damaged media is always -EUCLEAN, a version or feature that is not known -EOPNOTSUPP, a write
 *    by a host that is not the master -EPERM, a fault or media error under an access -EIO.
 *  - Nothing is printed, nothing exits. Handles of one context may be used in several threads, one
 *    thread at a time for each handle.
 */
#ifndef FAMFS_H
#define FAMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FAMFS_API          __attribute__((visibility("default")))
#define FAMFS_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Facts of the format (FORMAT.md 1). */
#define FAMFS_VERSION         48          /* ts_version that is read and written */
#define FAMFS_AU              0x200000ULL /* allocation unit: extents are multiples of it */
#define FAMFS_LOG_OFF         0x200000ULL /* where the log begins, always */
#define FAMFS_LOG_LEN_DEFAULT 0x800000ULL
#define FAMFS_LOG_LEN_MIN     0x200000ULL /* the smallest that mkfs makes */
#define FAMFS_EXTENTS_MAX     16          /* extents or strips of one file */
#define FAMFS_BUCKETS_MAX     64
#define FAMFS_CHUNK_MAX       0x80000000ULL      /* the fmap holds a chunk size in 32 bits */
#define FAMFS_PATH_SIZE       80                 /* bytes of a path field on media */
#define FAMFS_PATH_WRITE_MAX  78                 /* longest path that every existing tool takes */
#define FAMFS_DEVICE_MAX      0x2000000000000ULL /* 512 TiB: larger devices are used up to here */
#define FAMFS_NONE            UINT64_MAX         /* "no entry", "no offset" */
#define FAMFS_UUID_STR        37                 /* bytes of a UUID as text, NUL included */
#define FAMFS_FILE_PATH_SIZE  4096               /* bytes of the path of a file of this host */

/* ------------------------------------------------------------------ errors */

#define FAMFS_OBJECT_SIZE  4352 /* a device path, ":/" and a path inside, NUL */
#define FAMFS_MESSAGE_SIZE 768
#define FAMFS_HINT_SIZE    768

/**
 * struct famfs_err - what went wrong, for people and for programs. Plain memory, owns nothing.
 * @rc: negative errno, as returned.
 * @off: media offset concerned, or FAMFS_NONE.
 * @entry: log entry concerned, or FAMFS_NONE.
 * @object: what it happened to: a device, DEVICE:/path, a file.
 * @message: what is wrong, without the object; one line.
 * @hint: what to do about it; may be empty; one line.
 */
struct famfs_err {
	int rc;
	uint64_t off;
	uint64_t entry;
	char object[FAMFS_OBJECT_SIZE];
	char message[FAMFS_MESSAGE_SIZE];
	char hint[FAMFS_HINT_SIZE];
};

/**
 * famfs_err_code() - the stable name of an error: "ENOSPC", "EUCLEAN", ...
 * @rc: negative or positive errno.
 *
 * Return: a static string, never NULL.
 */
FAMFS_API const char *famfs_err_code(int rc);

/* ------------------------------------------------------ sizes, UUIDs, words */

/**
 * famfs_size_parse() - reads a size: digits, optionally a fraction, optionally k M G T, KiB MiB
 * GiB TiB (powers of 1024, any case for the single letters). "kB" and "MB" are refused as
 * ambiguous, any other tail as wrong, and so is a fraction that is no whole number of bytes.
 * @text: NUL-terminated.
 * @ret_size: bytes.
 *
 * Return: 0, -EINVAL (not a size), -ERANGE (does not fit 64 bits).
 */
FAMFS_API int famfs_size_parse(const char *text, uint64_t *ret_size, struct famfs_err *err);

/**
 * famfs_size_format() - a size for people: "4.0G", "1.5T", "512".
 * @size: bytes.
 * @buf: receives the text; @len of 16 is always enough.
 *
 * Return: @buf.
 */
FAMFS_API const char *famfs_size_format(uint64_t size, char *buf, size_t len);

/** famfs_uuid_parse() - reads a UUID from its 36-character text. Return: 0 or -EINVAL. */
FAMFS_API int famfs_uuid_parse(const char *text, uint8_t ret_uuid[16], struct famfs_err *err);

/** famfs_uuid_format() - writes a UUID as text into @buf of FAMFS_UUID_STR bytes. Return: @buf. */
FAMFS_API const char *famfs_uuid_format(const uint8_t uuid[16], char buf[FAMFS_UUID_STR]);

/**
 * famfs_shell_quote() - a word as it is typed to a shell, on one line: as it is where nothing in it
 * means anything, else in '' or, with what a terminal would obey, in $''.
 * @word: NUL-terminated.
 * @is_file: put ./ in front of one that begins with -, which would be an option.
 * @buf: receives the text, or "..." if @len is too small: FAMFS_SHELL_SIZE of the word's length is
 *	always enough.
 *
 * Return: @buf.
 */
FAMFS_API const char *famfs_shell_quote(const char *word, bool is_file, char *buf, size_t len);
#define FAMFS_SHELL_SIZE(length) (4 * (length) + 6)

/* ----------------------------------------------------------------- context */

struct famfs_ctx;

/**
 * famfs_ctx_new() - a library context: the CPU's write-back operations, the host's identity.
 * @ret_ctx: the caller frees it with famfs_ctx_free(), after every handle made from it.
 *
 * Return: 0, -ENOMEM.
 */
FAMFS_API int famfs_ctx_new(struct famfs_ctx **ret_ctx);

/** famfs_ctx_free() - frees a context; NULL is fine. */
FAMFS_API void famfs_ctx_free(struct famfs_ctx *ctx);

typedef void (*famfs_debug_fn)(void *data, const char *message);

/** famfs_ctx_set_debug() - @fn receives one line for each noteworthy step; NULL switches it off. */
FAMFS_API void famfs_ctx_set_debug(struct famfs_ctx *ctx, famfs_debug_fn fn, void *data);

/**
 * famfs_ctx_set_root() - looks for /sys, /opt/famfs and the state directory below another root, for
 * tests. @root is copied; NULL for the real one.
 *
 * Return: 0, -ENAMETOOLONG.
 */
FAMFS_API int famfs_ctx_set_root(struct famfs_ctx *ctx, const char *root);

/** famfs_ctx_set_threads() - most threads that one call may use; 0 (the default): one per CPU. */
FAMFS_API void famfs_ctx_set_threads(struct famfs_ctx *ctx, unsigned int threads);

/**
 * famfs_ctx_allow_mode_change() - lets calls of this context that open a DAX device in the wrong
 * mode bring it into devdax mode (root only): when nobody else has it open, and it is not mounted.
 * The mode before is recorded in /run/famfs, and put back by famfs_modes_restore() or
 * famfs_ctx_free(); when the process ends without them, by a guardian process which the first
 * change starts. A device in system-ram mode is only read: its memory goes back to the kernel.
 */
FAMFS_API void famfs_ctx_allow_mode_change(struct famfs_ctx *ctx, bool allow);

/**
 * famfs_modes_restore() - puts back the modes that this context changed. Its handles are closed.
 * After an error it can be called again for the devices that are left.
 *
 * Return: 0; -EBUSY: somebody else has the device open: the guardian puts it back when they have
 * closed it; -errno: it could not be put back, and the hint says what to type.
 */
FAMFS_API int famfs_modes_restore(struct famfs_ctx *ctx, struct famfs_err *err);

/**
 * famfs_cancel() - asks the running call of any handle of @ctx to stop as soon as it can do so
 * cleanly; it then fails with -ECANCELED. Async-signal-safe. Stays set until the context is freed.
 */
FAMFS_API void famfs_cancel(struct famfs_ctx *ctx);

/* ----------------------------------------------------- what is on the media */

enum famfs_role {
	FAMFS_ROLE_CLIENT = 0, /* another host made the file system and alone writes it */
	FAMFS_ROLE_MASTER = 1,
};

enum famfs_dev_kind { FAMFS_DEV_IMAGE = 0, FAMFS_DEV_DAX = 1 };

/* What a DAX device is in use as: by the driver that it is bound to. */
enum famfs_mode {
	FAMFS_MODE_DEVDAX = 0,     /* device_dax: the only one that may be mapped */
	FAMFS_MODE_FAMFS = 1,      /* fsdev_dax */
	FAMFS_MODE_SYSTEM_RAM = 2, /* kmem */
	FAMFS_MODE_UNBOUND = 3,    /* no driver */
	FAMFS_MODE_OTHER = 4,
};

/** struct famfs_super - the superblock, decoded (FORMAT.md 1.1). */
struct famfs_super {
	uint64_t version;
	uint64_t log_off, log_len; /* bytes, as recorded */
	uint64_t alloc_unit;
	uint32_t omf_major, omf_minor;
	uint8_t uuid[16], dev_uuid[16], system_uuid[16];
	uint64_t dev_size; /* bytes, as recorded; not covered by the checksum */
	char daxdev[65];   /* device path as recorded, NUL-terminated here */
};

enum famfs_entry_type {
	FAMFS_ENTRY_FILE = 0,
	FAMFS_ENTRY_MKDIR = 1,
	FAMFS_ENTRY_DELETE = 2, /* a finding: nothing writes it */
	FAMFS_ENTRY_ADD_DAXDEV = 3,
	FAMFS_ENTRY_INVALID = 4, /* a finding */
};

enum famfs_ext_type { FAMFS_EXT_SIMPLE = 0, FAMFS_EXT_INTERLEAVE = 1 };

/* What a map is of (FMAP.md 2). On media all files are regular. */
enum famfs_file_type {
	FAMFS_FILE_REGULAR = 0,
	FAMFS_FILE_SUPER = 1, /* .meta/.superblock */
	FAMFS_FILE_LOG = 2,   /* .meta/.log */
};

struct famfs_extent {
	uint64_t dev_index; /* 0: the primary device, the only one today */
	uint64_t off;       /* bytes on that device */
	uint64_t len;       /* bytes */
};

/**
 * struct famfs_entry - one log entry, decoded (FORMAT.md 1.4). Which fields mean something depends
 * on @type; the others are 0.
 */
struct famfs_entry {
	uint64_t index; /* slot in the log */
	uint64_t seqnum;
	uint32_t type; /* enum famfs_entry_type, or anything on damaged media */
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
	char path[FAMFS_PATH_SIZE + 1]; /* relative to the root; NUL-terminated here */
	bool path_unterminated;         /* the field on media has no NUL */
	uint32_t file_type;             /* FILE: enum famfs_file_type */
	uint32_t flags;                 /* FILE */
	uint64_t size;                  /* FILE: bytes */
	uint32_t ext_type;              /* FILE: enum famfs_ext_type */
	uint32_t nextents;              /* FILE: simple or interleaved extents, as recorded */
	uint64_t nstrips;               /* interleaved: strips, as recorded */
	uint64_t chunk_size;            /* interleaved: bytes */
	uint32_t extents_nr; /* valid members of @extents: never more than FAMFS_EXTENTS_MAX */
	struct famfs_extent extents[FAMFS_EXTENTS_MAX]; /* extents, or strips */
	uint64_t dd_size;                               /* ADD_DAXDEV */
	uint8_t dd_uuid[16];                            /* ADD_DAXDEV */
	uint32_t dd_index;                              /* ADD_DAXDEV */
};

/* --------------------------------------------------------- an open file system */

struct famfs;

enum famfs_open_flags {
	FAMFS_OPEN_WRITE = 1 << 0, /* for famfs_create(): refuses a client, a damaged log */
	FAMFS_OPEN_SYNC = 1 << 1,  /* images: an msync at each fence (DESIGN.md 5) */
};

/**
 * famfs_open() - opens the file system on a device and reads its log once.
 * @ctx: kept by the handle.
 * @device: path of a devdax character device or of an image; "PATH@OFFSET" for a file system that
 *	begins inside a file (OFFSET as famfs_size_parse() takes it, a multiple of 4 KiB).
 * @flags: enum famfs_open_flags.
 * @ret_fs: closed by the caller with famfs_close().
 *
 * A log with an invalid entry is opened for reading as far as it is good: famfs_info() tells. The
 * role, and the log, are examined for writing by famfs_create() under its lock.
 *
 * Return: 0; -ENOENT, -EACCES, ... as open(2); -ENODEV or -ENOTSUP for what is no devdax device
 * or image (the error names the command that helps); -EUCLEAN without a valid superblock;
 * -EOPNOTSUPP for another format version; -EIO for a fault; -ENOMEM.
 */
FAMFS_API int famfs_open(struct famfs_ctx *ctx, const char *device, unsigned int flags,
			 struct famfs **ret_fs, struct famfs_err *err);

/** famfs_close() - closes a handle and drops its locks; NULL is fine. */
FAMFS_API void famfs_close(struct famfs *fs);

/**
 * famfs_refresh() - picks up what was appended since the handle was opened or last refreshed, by
 * reading the new entries and the checksums of the others only; a file system that was made anew or
 * repaired is read from its start.
 *
 * Return: 0, or as famfs_open().
 */
FAMFS_API int famfs_refresh(struct famfs *fs, struct famfs_err *err);

/**
 * struct famfs_info - what an open file system is and how full.
 * @device: as given to famfs_open(); belongs to the handle.
 * @dev_size: usable bytes: the smaller of the recorded and the real size.
 * @free: bytes in whole free allocation units. @largest_free: the longest run of them.
 * @bad: bytes in units that no file has and that are not @free: the host knows media errors there.
 * @file_bytes: sum of all file sizes. @alloc_bytes: allocation units taken, superblock and log too.
 * @log_slots, @log_used: entries that fit, entries in use.
 * @log_good: entries that are valid, from the start on; less than @log_used: a damaged log.
 * @damaged: famfs_damage() tells why.
 * @torn_tail: next_index and next_seqnum are apart by one (DESIGN.md 5).
 * @unusable: valid entries that are not listed: unknown type, or a bad or repeated name.
 */
struct famfs_info {
	const char *device;
	enum famfs_dev_kind kind;
	enum famfs_role role;
	struct famfs_super super;
	uint64_t real_size, dev_size, dev_align;
	uint64_t free, largest_free, bad, file_bytes, alloc_bytes;
	uint64_t log_len, log_slots, log_used, log_good;
	uint64_t files, dirs, unusable;
	bool torn_tail;
	bool damaged;
};

/** famfs_info() - fills *@ret_info. Return: 0, -ENOMEM, -EIO. */
FAMFS_API int famfs_info(struct famfs *fs, struct famfs_info *ret_info, struct famfs_err *err);

/**
 * famfs_damage() - why a handle reads only part of its log.
 *
 * Return: 0 when the log is good (*@err untouched); -EUCLEAN and the reason otherwise.
 */
FAMFS_API int famfs_damage(struct famfs *fs, struct famfs_err *err);

/**
 * famfs_next() - the files, directories and ADD_DAXDEV entries in log order.
 * @cursor: 0 to begin; kept by the caller, changed by the call.
 * @ret_entry: a copy. Entries with unusable names or types are left out (famfs_info().unusable).
 *
 * Return: 1, 0 at the end, -EIO.
 */
FAMFS_API int famfs_next(struct famfs *fs, uint64_t *cursor, struct famfs_entry *ret_entry,
			 struct famfs_err *err);

/**
 * famfs_log_entry() - an entry of the log by its number, whatever its type and name.
 * @index: below famfs_info().log_good.
 *
 * Return: 0; -ENOENT: no such entry, or none that is valid; -EIO.
 */
FAMFS_API int famfs_log_entry(struct famfs *fs, uint64_t index, struct famfs_entry *ret_entry,
			      struct famfs_err *err);

/**
 * famfs_wait() - waits until a host has appended something, and picks it up as famfs_refresh()
 * does. Memory tells nobody that it changes: the log's header is looked at 50 times a second, and
 * the checksums of all entries once a second and when something is new. Where that takes long it is
 * done less often: while nothing is new it costs less than a hundredth of a CPU, however long the
 * log, and a tenth while much is.
 * @timeout_ms: milliseconds; 0: looks once; UINT32_MAX: for ever.
 *
 * Return: 1: there are new entries, or the log ends at a bad one now (famfs_damage()); 0: time is
 * up; -ESTALE: the file system was made anew or its log rewritten, and has been read from its
 * start; -ECANCELED; else as famfs_open().
 */
FAMFS_API int famfs_wait(struct famfs *fs, uint32_t timeout_ms, struct famfs_err *err);

/**
 * famfs_lookup() - finds a file or directory by its path.
 * @path: with or without leading or trailing slashes; "" and "/" are the root (type MKDIR, mode
 *	0755, index FAMFS_NONE), "." and empty parts are skipped, ".." is refused with -EINVAL.
 *	".meta" is an implied directory.
 *
 * Return: 0, -ENOENT, -ENOTDIR (a part of the path is a file), -EINVAL, -ENAMETOOLONG; -ESTALE: a
 * repair or restore has put another entry in the place of this one: famfs_refresh(), which reads
 * the whole log then.
 */
FAMFS_API int famfs_lookup(struct famfs *fs, const char *path, struct famfs_entry *ret_entry,
			   struct famfs_err *err);

/**
 * famfs_unmoved() - does a file still lie where it did? To be asked behind reading its bytes, which
 * may be another file's: a repair, a restore or a new file system can give its place away. The
 * superblock and the file's entry are looked at in memory, not in cache lines from before.
 * @entry: of @fs, found since that was opened or last refreshed.
 *
 * Return: 0, -ESTALE: begin again with famfs_refresh(); -EIO.
 */
FAMFS_API int famfs_unmoved(struct famfs *fs, const struct famfs_entry *entry,
			    struct famfs_err *err);

/**
 * famfs_lookup_meta() - as famfs_lookup(), and finds the two implied files of ".meta" as well:
 * ".meta/.superblock" and ".meta/.log", which the existing tools show and the log does not list
 * (FORMAT.md 10). Their index is FAMFS_NONE; they are to be mapped and read, and never written.
 */
FAMFS_API int famfs_lookup_meta(struct famfs *fs, const char *path, struct famfs_entry *ret_entry,
				struct famfs_err *err);

/**
 * famfs_entry_read() - one entry by its number, whatever it is.
 * @index: as in struct famfs_entry.
 *
 * Return: 0; -ENOENT: there is no valid entry of that number; -EIO.
 */
FAMFS_API int famfs_entry_read(struct famfs *fs, uint64_t index, struct famfs_entry *ret_entry,
			       struct famfs_err *err);

/* -------------------------------------------------------- devices of this host */

#define FAMFS_USERS_MAX 8

/** struct famfs_user - a process. @command: its name, as the kernel cuts it. */
struct famfs_user {
	int pid;
	char command[16];
};

enum famfs_content {
	FAMFS_CONTENT_UNKNOWN = 0, /* could not be looked at: @what says why */
	FAMFS_CONTENT_NONE = 1,    /* nothing that is recognised */
	FAMFS_CONTENT_FAMFS = 2,   /* @info is valid; @what: as far as its log is good, or empty */
	FAMFS_CONTENT_DAMAGED = 3, /* a famfs that cannot be opened: @what says why */
	FAMFS_CONTENT_OTHER = 4,   /* @what says what */
};

/* Was the mode of a device changed for the length of a command? */
enum famfs_change {
	FAMFS_CHANGE_NONE = 0,
	FAMFS_CHANGE_NOW = 1,    /* the command runs, and puts it back */
	FAMFS_CHANGE_LEFT = 2,   /* the command is gone: @put_back says what to type */
	FAMFS_CHANGE_UNSEEN = 3, /* this user may not see */
};

/**
 * struct famfs_device - a DAX device, or an image.
 * @path: "/dev/dax0.0", or as given to famfs_device_get().
 * @name: DAX: as in "dax0.0"; else empty, as are @driver (also if bound to none), @region,
 *	@persistence: "cpu_cache", "memory_controller", "pmem" (not told how), "volatile".
 * @mode: DAX only. @size, @align: bytes; a device without memory has size 0.
 * @node: NUMA node of the memory; -1: not known.
 * @errors_known: the host told how many media errors it knows: @errors runs of @error_bytes.
 * @change: with NOW and LEFT, @mode_before, @change_pid (who changed it) and @put_back (commands
 *	for a shell) are set.
 * @mounted: where, or empty; what that says where mounts could not be read, @mounted_known tells.
 * @users_nr: processes that have it open or mapped, this one too if it does; the first of them in
 *	@users. @users_unseen: processes that this user may not look into.
 * @content, @what, @info: what is on it. @info.device is NULL.
 */
struct famfs_device {
	enum famfs_dev_kind kind;
	enum famfs_mode mode, mode_before;
	enum famfs_change change;
	int change_pid;
	uint64_t size, align;
	int node;
	bool errors_known, mounted_known;
	uint64_t errors, error_bytes;
	uint64_t users_nr, users_unseen;
	enum famfs_content content;
	struct famfs_info info;
	struct famfs_user users[FAMFS_USERS_MAX];
	char path[FAMFS_FILE_PATH_SIZE];
	char name[64], driver[64], region[64], persistence[32];
	char mounted[FAMFS_FILE_PATH_SIZE];
	char put_back[FAMFS_HINT_SIZE];
	char what[FAMFS_MESSAGE_SIZE];
};

/**
 * famfs_device_get() - all that can be said about one device or image. It is opened for reading,
 * and only when it is an image or in devdax mode; nothing is changed.
 * @device: as for famfs_open().
 *
 * Return: 0; -ENOENT, ... when there is no such device; -ENODEV, -ENOTSUP: no DAX device or
 * image. What cannot be seen for want of permissions is left open in @ret_device instead.
 */
FAMFS_API int famfs_device_get(struct famfs_ctx *ctx, const char *device,
			       struct famfs_device *ret_device, struct famfs_err *err);

/**
 * famfs_device_list() - calls @fn for each DAX device of this host, by name, with what
 * famfs_device_get() gives. A device that goes away meanwhile is left out.
 * @fn: the device is valid during the call; another result than 0 ends the list.
 *
 * Return: 0, what @fn returned, -ENOENT (/sys is not mounted), -ECANCELED, -errno.
 */
FAMFS_API int famfs_device_list(struct famfs_ctx *ctx,
				int (*fn)(void *data, const struct famfs_device *device),
				void *data, struct famfs_err *err);

/* ------------------------------------------------------ what lies where on it */

enum famfs_map_kind {
	FAMFS_MAP_SUPER = 0,    /* the superblock's region */
	FAMFS_MAP_LOG = 1,      /* the log's region */
	FAMFS_MAP_FILE = 2,     /* an extent or strip of a file, or what others left of it */
	FAMFS_MAP_CONFLICT = 3, /* belongs to more than one: damage */
	FAMFS_MAP_FREE = 4,     /* free for files */
	FAMFS_MAP_REST = 5,     /* behind the last whole allocation unit: never given to a file */
	FAMFS_MAP_BAD = 6,      /* free, but known to be bad memory: not given to a file */
};

/**
 * struct famfs_map_owner - whose a run is.
 * @kind: SUPER, LOG or FILE. @entry: FILE: its log entry; else FAMFS_NONE.
 * @extent: FILE: which member of the entry's @extents, so which extent or strip.
 */
struct famfs_map_owner {
	enum famfs_map_kind kind;
	uint32_t extent;
	uint64_t entry;
};

/**
 * struct famfs_map_run - a piece of the device that is of one kind and of one owner throughout.
 * @off, @len: whole allocation units (what an extent touches is taken), but for the device's end.
 * @owners: how many extents hold it: 0 FREE, REST and BAD, more than 1 CONFLICT.
 * @owner: if there is one. @other: CONFLICT: another one; of more than two, these are the ones that
 *	reach furthest. @owner comes before @other: superblock, log, files as they were logged.
 */
struct famfs_map_run {
	uint64_t off, len;
	enum famfs_map_kind kind;
	uint64_t owners;
	struct famfs_map_owner owner, other;
};

struct famfs_map;

/**
 * famfs_map_new() - reads from the log what lies where on the device.
 * @fs: must be as it is until this returns; the map does not need it afterwards. What a damaged log
 *	holds behind its first invalid entry is not seen: famfs_damage() tells. Where media errors
 *	cannot be asked for, none are known.
 * @ret_map: freed by the caller with famfs_map_free().
 *
 * Return: 0, -ENOMEM, -EIO.
 */
FAMFS_API int famfs_map_new(struct famfs *fs, struct famfs_map **ret_map, struct famfs_err *err);

/** famfs_map_next() - the runs by address; they cover the device. Return: 1, 0 at the end. */
FAMFS_API int famfs_map_next(struct famfs_map *map, struct famfs_map_run *ret_run);

/** famfs_map_size() - bytes of the device that the runs cover (struct famfs_info: @dev_size). */
FAMFS_API uint64_t famfs_map_size(const struct famfs_map *map);

/** famfs_map_outside() - extents that lie, wholly or in part, outside of the device: damage. */
FAMFS_API uint64_t famfs_map_outside(const struct famfs_map *map);

/** famfs_map_free() - frees a map; NULL is fine. */
FAMFS_API void famfs_map_free(struct famfs_map *map);

/* --------------------------------------------------------------------- mkfs */

enum famfs_mkfs_flags {
	FAMFS_MKFS_FORCE = 1 << 0,   /* overwrite what is there; let an image grow */
	FAMFS_MKFS_KILL = 1 << 1,    /* only make the superblock invalid (needs FORCE) */
	FAMFS_MKFS_DRY_RUN = 1 << 2, /* every check, nothing written */
	FAMFS_MKFS_SYNC = 1 << 3,    /* as FAMFS_OPEN_SYNC */
};

/**
 * struct famfs_mkfs_opts - zero means default everywhere.
 * @log_len: bytes, a power of two from FAMFS_LOG_LEN_MIN; 0: FAMFS_LOG_LEN_DEFAULT.
 * @size: bytes of the image to make; 0: the device's or file's own size.
 * @uuid, @dev_uuid: 16 bytes each, borrowed; NULL: random.
 * @daxdev: device path to record, at most 63 bytes; NULL: the path given (cut to 63).
 * @flags: enum famfs_mkfs_flags.
 */
struct famfs_mkfs_opts {
	uint64_t log_len;
	uint64_t size;
	const uint8_t *uuid;
	const uint8_t *dev_uuid;
	const char *daxdev;
	unsigned int flags;
};

/**
 * struct famfs_mkfs_result - what was made, read back from the media; with DRY_RUN, what would be.
 * @replaced: what was overwritten, for people; empty if nothing was recognised.
 */
struct famfs_mkfs_result {
	struct famfs_super super;
	uint64_t dev_size;
	uint64_t log_slots;
	bool image_made;
	char replaced[256];
};

/**
 * famfs_mkfs() - makes a file system; kills the old superblock first and writes the new one last,
 * then reads back and validates what it wrote.
 * @device: as famfs_open().
 * @opts: NULL for all defaults.
 * @ret_result: may be NULL.
 *
 * Return: 0; -EEXIST: something recognised is on the device and FORCE is not given; -EINVAL: the
 * log length, size or path breaks a rule; -ENOSPC: the device is too small, or the disk under the
 * image is full; -EBUSY: locked by another command, or mounted; -EIO: what was written does not
 * read back, and no file system is there; else as famfs_open().
 */
FAMFS_API int famfs_mkfs(struct famfs_ctx *ctx, const char *device,
			 const struct famfs_mkfs_opts *opts, struct famfs_mkfs_result *ret_result,
			 struct famfs_err *err);

/* ------------------------------------------------------------------- master */

/**
 * struct famfs_chmaster_opts - who becomes the master.
 * @give: 16 bytes, borrowed: the system UUID of the host that the role is handed to; only the
 *	master can do that. NULL: this host takes it.
 * @watch_ms: taking: milliseconds that the log is watched before; if it moves, the master is alive
 *	and the role is not taken.
 * @dry_run: everything but the writing.
 */
struct famfs_chmaster_opts {
	const uint8_t *give;
	uint32_t watch_ms;
	bool dry_run;
};

/**
 * struct famfs_chmaster_result - what became of it.
 * @changed: false: it was the master already. @old_master, @new_master: system UUIDs.
 */
struct famfs_chmaster_result {
	bool changed;
	uint8_t old_master[16], new_master[16];
};

/**
 * famfs_chmaster() - makes another host the master (DESIGN.md 5, "Who is master"). The superblock's
 * old bytes are in an undo file meanwhile. The claim is written back, and looked at again after
 * more than a second: of several hosts that claim the role at once, one wins. What remains possible
 * without atomics between hosts: a host that is stopped, between its last look and its store, for
 * longer than that.
 * @device: as famfs_open().
 *
 * Return: 0; -EBUSY: the master is alive, or another command of this host uses the device; -EPERM:
 * giving, and this host is not the master; -EAGAIN: another host was faster; -ESTALE: the file
 * system was made anew; -ENOENT and the like: this host cannot have an identity; else as
 * famfs_open().
 */
FAMFS_API int famfs_chmaster(struct famfs_ctx *ctx, const char *device,
			     const struct famfs_chmaster_opts *opts,
			     struct famfs_chmaster_result *ret_result, struct famfs_err *err);

/* ------------------------------------------------------------------- create */

enum famfs_create_flags {
	FAMFS_CREATE_DIR = 1 << 0,        /* a directory: size and geometry are not used */
	FAMFS_CREATE_PARENTS = 1 << 1,    /* directories: make missing parents; existing is fine */
	FAMFS_CREATE_CONTIGUOUS = 1 << 2, /* one extent or nothing */
	FAMFS_CREATE_NO_ZERO = 1 << 3,    /* leave the new space as it is */
	FAMFS_CREATE_BY_DEFAULT = 1 << 4, /* for errors: the geometry is the default */
};

/**
 * struct famfs_create_req - one file or directory to make.
 * @path: inside the file system, as famfs_lookup() takes it, of at most FAMFS_PATH_WRITE_MAX bytes
 *	once cleaned; valid UTF-8 without control characters. Borrowed.
 * @size: bytes, more than 0.
 * @mode: permission bits, as they are recorded. @parent_mode: those of parents made by PARENTS.
 * @nstrips, @nbuckets, @chunk_size: the interleave geometry, all 0: none. A zero among others takes
 *	its default: nbuckets = nstrips and the other way round, chunk_size 2 MiB.
 */
struct famfs_create_req {
	const char *path;
	uint64_t size;
	uint32_t mode, parent_mode, uid, gid;
	uint64_t nstrips, nbuckets, chunk_size;
	unsigned int flags;
};

enum famfs_create_status {
	FAMFS_CREATED = 0,
	FAMFS_EXISTS = 1, /* a file of the same size, or with PARENTS a directory, was there */
	FAMFS_FAILED = 2,
};

struct famfs_fill;

/**
 * struct famfs_create_ops - how famfs_create() reports, and what applies to the whole call.
 * @done: called once for each request, in order, when its result is final (what ends the whole call
 *	is the result of all that are left): @entry is what was
 *	logged (NULL if FAILED), @err why not (NULL unless FAILED). May be NULL.
 * @fill: stores the bytes of a file before its entry is logged (not for directories, nor with
 *	NO_ZERO); for small files called from several threads at once, and with the writers' lock
 *	open for others. When it fails the file is not
 *	made, and the others are; -ECANCELED stops everything. NULL: files are zeroed.
 * @progress: called in the calling thread, now and then while space is zeroed or filled, with
 *	bytes; may be NULL.
 * @data: given to both.
 * @atomic: all requests or none; after a crash, on a CPU without whole 16-byte stores, perhaps the
 *	first of them.
 * @dry_run: everything but the writing; @done gets the entries that would be logged.
 */
struct famfs_create_ops {
	void (*done)(void *data, size_t req_index, enum famfs_create_status status,
		     const struct famfs_entry *entry, const struct famfs_err *err);
	int (*fill)(void *data, size_t req_index, struct famfs_fill *fill, struct famfs_err *err);
	void (*progress)(void *data, uint64_t bytes_done, uint64_t bytes_total);
	void *data;
	bool atomic;
	bool dry_run;
};

/**
 * famfs_create() - makes files and directories: one lock, one reading of the log, one pass.
 * @fs: opened with FAMFS_OPEN_WRITE.
 * @reqs: @nr of them; later ones may lie in directories made by earlier ones.
 * @ops: may be NULL.
 *
 * Space is placed (DESIGN.md 5), zeroed unless NO_ZERO, then the entries are appended: when this
 * returns, what was reported CREATED is in memory, written back and published. Without @ops->atomic
 * the others are made when one fails.
 *
 * Return: 0 when all requests ended CREATED or EXISTS; else the first failure, also described in
 * *@err: -EINVAL (a rule of names or geometry, named with its value and the nearest that would do),
 * -ENAMETOOLONG, -ENOENT (no parent), -ENOTDIR, -EISDIR, -EEXIST (with another size), -ENOSPC (no
 * room, or the log is full), -EPERM (not the master), -EUCLEAN (the log is damaged), -ESTALE (the
 * file system was made anew meanwhile), -EROFS, -EIO, -ENOMEM, -ECANCELED.
 */
FAMFS_API int famfs_create(struct famfs *fs, const struct famfs_create_req *reqs, size_t nr,
			   const struct famfs_create_ops *ops, struct famfs_err *err);

/* --------------------------------------------------------------- interleave */

/**
 * struct famfs_geometry - how a file is interleaved; all 0: not at all.
 * @nbuckets: equal slices of the device, of which each strip is from another. @chunk_size: bytes.
 */
struct famfs_geometry {
	uint64_t nstrips, nbuckets, chunk_size;
};

/**
 * struct famfs_plan - where a file would go.
 * @geometry: with its defaults filled in. A file smaller than a chunk is not interleaved even so.
 * @entry: size and map as they would be logged; the name and its like are empty.
 * @bucket_len: bytes of each bucket; 0: not interleaved. @buckets: which one each strip is in.
 * @taken: bytes of the device. @wasted: those of them that the file cannot use.
 * @fullest: bytes of the file in its fullest strip, or its size.
 * @free, @largest_free: what is left then: bytes, and the longest run of them.
 */
struct famfs_plan {
	struct famfs_geometry geometry;
	struct famfs_entry entry;
	uint64_t bucket_len;
	uint32_t buckets[FAMFS_EXTENTS_MAX];
	uint64_t taken, wasted, fullest;
	uint64_t free, largest_free;
};

/**
 * famfs_plan() - where famfs_create() would place a file, decided by the same code; nothing is
 * written, so a client and a read-only device will do. Space that other commands have reserved is
 * not free.
 * @req: size, geometry and CONTIGUOUS; the rest is not looked at.
 *
 * Return: 0; -EINVAL, -ENOSPC, -EUCLEAN as famfs_create(); -EIO, -ENOMEM.
 */
FAMFS_API int famfs_plan(struct famfs *fs, const struct famfs_create_req *req,
			 struct famfs_plan *ret_plan, struct famfs_err *err);

/**
 * famfs_plan_nearest() - the geometry nearest to a refused one with which the file can be placed:
 * first with as many strips as possible of those wanted, then the nearest chunk size, then buckets.
 * @req: as famfs_plan().
 *
 * Return: 0; -ENOSPC: none will do; else as famfs_plan().
 */
FAMFS_API int famfs_plan_nearest(struct famfs *fs, const struct famfs_create_req *req,
				 struct famfs_geometry *ret_geometry, struct famfs_err *err);

/**
 * struct famfs_proposal - a way to place a file, and what speaks for it.
 * @parallel: 100 times the number of strips that seem to work when all of the file is used: its
 *	size by @plan.fullest.
 * @score: @parallel by the share of the space that is not wasted.
 * @why: in words, for people.
 */
struct famfs_proposal {
	struct famfs_plan plan;
	uint64_t parallel, score;
	char why[256];
};

/**
 * famfs_propose() - the best ways to place a file of @size bytes, the best one first.
 * @rows: receives up to @max (1 or more) of them, not interleaved being one if it is possible.
 *
 * Return: 0; as famfs_plan() when there is no way.
 */
FAMFS_API int famfs_propose(struct famfs *fs, uint64_t size, struct famfs_proposal *rows,
			    size_t max, size_t *ret_nr, struct famfs_err *err);

/**
 * struct famfs_memory - what the host tells of a device's memory.
 * @numa_node: its own, or -1. Bandwidths in MB/s and latencies in ns, from the nearest CPUs; 0: not
 *	known.
 */
struct famfs_memory {
	int numa_node;
	uint64_t read_bandwidth, write_bandwidth, read_latency, write_latency;
};

/** famfs_memory() - fills *@ret_memory; of an image nothing is known. */
FAMFS_API void famfs_memory(struct famfs *fs, struct famfs_memory *ret_memory);

/**
 * struct famfs_extent_use - what a file has in one of its extents or strips.
 * @chunks: how many, the last one perhaps in part; 0 if it is not interleaved.
 * @used: bytes of the file. @slack: the rest.
 */
struct famfs_extent_use {
	uint64_t chunks, used, slack;
};

/**
 * famfs_extent_use() - how full extent or strip @i of a file is.
 *
 * Return: 0; -EINVAL: not a file, or it has no such extent; -EUCLEAN: the map does not fit it.
 */
FAMFS_API int famfs_extent_use(const struct famfs_entry *entry, uint32_t i,
			       struct famfs_extent_use *ret_use, struct famfs_err *err);

/**
 * famfs_default_get() - the geometry for files that are given none, from .meta/.alloc.cfg, where
 * the existing tools keep it (FORMAT.md 6.5).
 * @ret_geometry: all 0: files are not interleaved.
 *
 * Return: 0; -ENOENT: none was ever set; -EISDIR, -EUCLEAN: what is there cannot be used, and the
 * error says why (the existing tools then interleave nothing); -EOPNOTSUPP: no libyaml to read it
 * with; -EIO, -ENOMEM.
 */
FAMFS_API int famfs_default_get(struct famfs *fs, struct famfs_geometry *ret_geometry,
				struct famfs_err *err);

/**
 * famfs_default_existing() - whether the existing tools take a default on this device.
 *
 * Return: 0; -EOPNOTSUPP: they ignore it, and the error says why.
 */
FAMFS_API int famfs_default_existing(struct famfs *fs, const struct famfs_geometry *geometry,
				     struct famfs_err *err);

/**
 * struct famfs_default_opts - how it is set.
 * @undo: file for what is written over; NULL: beside an image, or in the state directory.
 * @uid, @gid: owner, where the file is made. @dry_run: every check, nothing written.
 */
struct famfs_default_opts {
	const char *undo;
	uint32_t uid, gid;
	bool dry_run;
};

/**
 * struct famfs_default_result - what was done.
 * @made: the file was not there. @changed: it says something else now.
 * @undo: where the old bytes are; empty if none were written over.
 */
struct famfs_default_result {
	bool made, changed;
	char undo[FAMFS_FILE_PATH_SIZE];
};

/**
 * famfs_default_set() - sets the default geometry: makes .meta/.alloc.cfg with 4096 bytes, or
 * rewrites it in place, under the writers' lock. The old bytes are on disk in the undo file before
 * the first of them is written over; a rewrite that was cut off is finished by calling this again.
 * @fs: opened with FAMFS_OPEN_WRITE.
 * @geometry: all 0: not interleaved. Its defaults are filled in.
 *
 * Return: 0; -EINVAL, -ENOSPC: the geometry can hold no file on this device; -EFBIG: the file that
 * is there is too short; -EISDIR; what open(2) and write(2) give for the undo file; else as
 * famfs_create().
 */
FAMFS_API int famfs_default_set(struct famfs *fs, struct famfs_geometry *geometry,
				const struct famfs_default_opts *opts,
				struct famfs_default_result *ret_result, struct famfs_err *err);

/* --------------------------------------------------------------------- data */

/**
 * famfs_resolve() - where a byte of a file lies (FMAP.md 5).
 * @entry: a FILE entry. @off: byte of the file.
 * @ret_extent: the device index, the byte of that device, and how many bytes of the file follow
 *	there without a break.
 *
 * Return: 0; -EINVAL: not a file; -ERANGE: behind the end of the file; -EUCLEAN: the entry maps
 * nothing there.
 */
FAMFS_API int famfs_resolve(const struct famfs_entry *entry, uint64_t off,
			    struct famfs_extent *ret_extent, struct famfs_err *err);

/**
 * famfs_read() - copies bytes of a file to memory, all or an error.
 * @entry: a FILE entry of @fs. @buf: @len bytes.
 *
 * Return: 0; -EINVAL: not a file; -ERANGE: beyond the end of the file; -EIO: a fault, with file and
 * offset; else as famfs_resolve().
 */
FAMFS_API int famfs_read(struct famfs *fs, const struct famfs_entry *entry, uint64_t off, void *buf,
			 size_t len, struct famfs_err *err);

/**
 * struct famfs_data_opts - how long work on the bytes of a file is done; zero means default.
 * @threads: 0: as famfs_ctx_set_threads().
 * @progress: called in the calling thread with the bytes done since the last call; may be NULL.
 * @data: given to @progress.
 * @sparse: copying out: pages of zeros become holes.
 * @name: the other side's name for errors about it; borrowed.
 */
struct famfs_data_opts {
	unsigned int threads;
	void (*progress)(void *data, uint64_t bytes);
	void *data;
	bool sparse;
	const char *name;
};

/**
 * famfs_copy_out() - copies @len bytes of a file from @off on to a file descriptor.
 * @fd: of a regular file: written from its byte 0 on, and made @len bytes long; else written in
 *	order. One thread writes where that is faster.
 * @opts: may be NULL.
 *
 * Return: 0; as famfs_read(); what write(2) gives for @fd; -ECANCELED.
 */
FAMFS_API int famfs_copy_out(struct famfs *fs, const struct famfs_entry *entry, uint64_t off,
			     uint64_t len, int fd, const struct famfs_data_opts *opts,
			     struct famfs_err *err);

/*
 * struct famfs_fill is the space of a file that is being made, for struct famfs_create_ops.fill.
 * All calls write back what they store. What they leave out reads as zeros.
 */

/** famfs_fill_entry() - what will be logged; belongs to @fill. */
FAMFS_API const struct famfs_entry *famfs_fill_entry(const struct famfs_fill *fill);

/** famfs_fill_write() - stores bytes [@off, @off + @len). Return: 0, -ERANGE, -EIO, -ENOSPC. */
FAMFS_API int famfs_fill_write(struct famfs_fill *fill, uint64_t off, const void *buf, size_t len,
			       struct famfs_err *err);

/**
 * famfs_fill_from_fd() - the whole file from a descriptor: from its byte 0 on if it can be read at
 * offsets, else in order up to its end.
 * @name: the source's, for errors about it.
 *
 * Return: 0; -ESTALE: the source is longer or shorter than the file; what read(2) gives; as
 * famfs_fill_write(); -ECANCELED.
 */
FAMFS_API int famfs_fill_from_fd(struct famfs_fill *fill, int fd, const char *name,
				 struct famfs_err *err);

/**
 * famfs_fill_from_file() - the whole file from a file of the same or another file system.
 * @src: a FILE entry of @src_fs with the size of the file that is made.
 *
 * Return: 0; -ESTALE: the sizes differ; as famfs_read() and famfs_fill_write(); -ECANCELED.
 */
FAMFS_API int famfs_fill_from_file(struct famfs_fill *fill, struct famfs *src_fs,
				   const struct famfs_entry *src, struct famfs_err *err);

/**
 * famfs_fill_random() - the whole file with the generator's bytes (FORMAT.md 11).
 * @seed: its low 32 bits count, and are not 0.
 *
 * Return: 0, -EINVAL, -ENOMEM; as famfs_fill_write(); -ECANCELED.
 */
FAMFS_API int famfs_fill_random(struct famfs_fill *fill, uint64_t seed, struct famfs_err *err);

/**
 * famfs_overwrite() - new bytes for a file that is there, in place; not atomic: who reads
 * meanwhile, or after a crash, can see some of each.
 * @fs: opened with FAMFS_OPEN_WRITE. @entry: a FILE entry of it, whose map is accepted and safe.
 * @fill: stores the bytes; what it leaves out stays. It gets the @data of @opts.
 * @opts: may be NULL; @sparse and @name are not used.
 *
 * Return: 0; what @fill returned; -EPERM, -EUCLEAN, ... as famfs_create().
 */
FAMFS_API int famfs_overwrite(struct famfs *fs, const struct famfs_entry *entry,
			      int (*fill)(void *data, struct famfs_fill *fill,
					  struct famfs_err *err),
			      const struct famfs_data_opts *opts, struct famfs_err *err);

/**
 * famfs_verify_random() - compares a file with the generator's bytes.
 * @ret_off: the first byte that differs; FAMFS_NONE if none does.
 *
 * Return: 0 (also when they differ); -EINVAL for seed 0; as famfs_read(); -ENOMEM; -ECANCELED.
 */
FAMFS_API int famfs_verify_random(struct famfs *fs, const struct famfs_entry *entry, uint64_t seed,
				  const struct famfs_data_opts *opts, uint64_t *ret_off,
				  struct famfs_err *err);

enum famfs_flush_mode {
	FAMFS_FLUSH = 0,            /* write back, and drop from the caches */
	FAMFS_FLUSH_WRITE_BACK = 1, /* write back only: what is cached stays good here */
};

/**
 * famfs_flush() - the cache lines of a file. Where hosts do not see each other's caches, who wrote
 * through a mapping flushes (either mode) before it tells the others, and who reads flushes with
 * FAMFS_FLUSH when it was told and before it looks. Everything that this library writes is written
 * back already. The page cache of an image is the same for all of its host: there, what is cached
 * is only written to the disk.
 * @opts: may be NULL.
 *
 * Return: 0; -EINVAL: not a file; as famfs_read(); -ECANCELED.
 */
FAMFS_API int famfs_flush(struct famfs *fs, const struct famfs_entry *entry,
			  enum famfs_flush_mode mode, const struct famfs_data_opts *opts,
			  struct famfs_err *err);

#define FAMFS_SHA256_LEN 32

/**
 * famfs_sha256() - the SHA-256 of a file's bytes, by libcrypto.
 * @opts: @progress only: one file is hashed by one thread.
 *
 * Return: 0; -EOPNOTSUPP: built without libcrypto, or it cannot be loaded; as famfs_read();
 * -ECANCELED.
 */
FAMFS_API int famfs_sha256(struct famfs *fs, const struct famfs_entry *entry,
			   const struct famfs_data_opts *opts, uint8_t ret_sum[FAMFS_SHA256_LEN],
			   struct famfs_err *err);

/* --------------------------------------------------------------------- fmap */

#define FAMFS_FMAP_V1_MAX 4096 /* bytes: the v1 reader's buffer (FMAP.md 1) */
#define FAMFS_DAXDEV_LEN  280  /* bytes of a GET_DAXDEV reply (FMAP.md 2) */

enum famfs_wire_id { FAMFS_WIRE_V1 = 0, FAMFS_WIRE_V2 = 1 };

/**
 * struct famfs_wire - the constants of one generation of the kernel's interface (FMAP.md 1).
 * @name: "v1", "v2".
 * @get_fmap, @get_daxdev: FUSE opcodes; 0: there is none.
 * @init_flag: capability bit of FUSE INIT; 0: none.
 * @interleaved: interleaved extents may be sent; otherwise such a file is unrolled.
 * @has_fmap_size: header bytes 12 to 15 are the message's length, else reserved.
 * @extents_max, @strips_max: of one message, of one interleaved extent.
 * @message_max: bytes that the reader has room for.
 * @devindex_max: the highest device index that the kernel accepts.
 */
struct famfs_wire {
	const char *name;
	uint32_t get_fmap, get_daxdev;
	uint64_t init_flag;
	bool interleaved;
	bool has_fmap_size;
	uint32_t extents_max, strips_max;
	uint32_t message_max;
	uint32_t devindex_max;
};

/** famfs_wire() - the constants of a generation, static; NULL when there is none of that number. */
FAMFS_API const struct famfs_wire *famfs_wire(enum famfs_wire_id id);

/** famfs_wire_find() - the generation called @name, static; NULL when there is none. */
FAMFS_API const struct famfs_wire *famfs_wire_find(const char *name);

/**
 * struct famfs_reply - the caller's room for a reply.
 * @buf: @cap bytes; may be NULL when @cap is 0.
 * @len: bytes written; after -ENOSPC the @cap that is needed, so that a @cap of 0 asks for it.
 */
struct famfs_reply {
	void *buf;
	size_t cap;
	size_t len;
};

/**
 * famfs_fmap_encode() - a file's map as a message (FMAP.md 2; v2 unrolled as in 5). Its map is not
 * judged: famfs_get_fmap() does both. No allocation is done.
 * @entry: a FILE entry.
 * @wire: a generation, by famfs_wire() or famfs_wire_find(); NULL: v1.
 * @reply: filled in.
 *
 * Return: 0; -ENOSPC: @reply->cap is too small, @reply->len would do; -EINVAL: not a file;
 * -EUCLEAN: the entry's counts or values do not fit the message; -E2BIG: unrolled, it has more
 * extents than the generation takes.
 */
FAMFS_API int famfs_fmap_encode(const struct famfs_entry *entry, const struct famfs_wire *wire,
				struct famfs_reply *reply, struct famfs_err *err);

/**
 * famfs_get_fmap() - what a FUSE server answers to GET_FMAP: the map, if the kernel accepts it and
 * it is safe on this device (K1 to K16, U1 to U10). No allocation is done.
 * @entry: a FILE entry of @fs, also one of famfs_lookup_meta(). @wire, @reply: as
 *	famfs_fmap_encode().
 *
 * Return: 0; as famfs_fmap_encode(); -EUCLEAN also for a map that is rejected or unsafe.
 */
FAMFS_API int famfs_get_fmap(struct famfs *fs, const struct famfs_entry *entry,
			     const struct famfs_wire *wire, struct famfs_reply *reply,
			     struct famfs_err *err);

/**
 * famfs_get_daxdev() - what a FUSE server answers to GET_DAXDEV (v1 only; FAMFS_DAXDEV_LEN bytes):
 * the path of a device, as given to famfs_open(). No allocation is done.
 * @dev_index: the request's node id. The log holds no path of devices above 0.
 *
 * Return: 0; -ENOSPC; -ENODEV: not device 0; -ENAMETOOLONG: a path of more than 255 bytes.
 */
FAMFS_API int famfs_get_daxdev(struct famfs *fs, uint64_t dev_index, struct famfs_reply *reply,
			       struct famfs_err *err);

/** struct famfs_fmap_head - a message's header, as it is; @fmap_size is reserved in v1. */
struct famfs_fmap_head {
	uint8_t file_type, reserved;
	uint16_t version;
	uint32_t ext_type, nextents, fmap_size;
	uint64_t file_size, reserved1;
};

enum famfs_fmap_kind { FAMFS_FMAP_EXTENT = 0, FAMFS_FMAP_INTERLEAVED = 1, FAMFS_FMAP_STRIP = 2 };

/**
 * struct famfs_fmap_part - one record behind the header, as it is.
 * @extent: which one of the list. @strip: which one of the extent's; 0 if it is none.
 * @where: an extent's or a strip's place.
 * @nstrips, @chunk_size, @nbytes: an interleaved extent's; its strips come next.
 */
struct famfs_fmap_part {
	enum famfs_fmap_kind kind;
	uint32_t extent, strip;
	struct famfs_extent where;
	uint32_t nstrips, chunk_size;
	uint64_t nbytes;
	uint64_t reserved;
};

/** struct famfs_fmap_iter - a walk over a message's records. The caller's memory, our fields. */
struct famfs_fmap_iter {
	const uint8_t *msg;
	size_t len, at;
	uint32_t ext_type, extents, extent;
	uint32_t strips, strip;
};

/**
 * famfs_fmap_iter_init() - begins to decode a message of either generation; judges nothing.
 * @msg: @len bytes, any contents; borrowed.
 * @ret_head: may be NULL.
 *
 * Return: 0; -EUCLEAN: shorter than a header.
 */
FAMFS_API int famfs_fmap_iter_init(struct famfs_fmap_iter *iter, const void *msg, size_t len,
				   struct famfs_fmap_head *ret_head, struct famfs_err *err);

/**
 * famfs_fmap_iter_next() - the next record. Return: 1, 0 behind the last one; -EUCLEAN: the message
 * ends before, or its extents are of an unknown type.
 */
FAMFS_API int famfs_fmap_iter_next(struct famfs_fmap_iter *iter, struct famfs_fmap_part *ret_part,
				   struct famfs_err *err);

/**
 * struct famfs_fmap_piece - a run of bytes that is one piece in the file and on a device.
 * @file_off: its first byte in the file; FAMFS_NONE: no byte of the file lies there (the rest of an
 *	allocation unit, say).
 * @where: device index, first byte on that device, bytes.
 * @extent: which one of the message's list. @strip: which one of the extent's, if @interleaved.
 */
struct famfs_fmap_piece {
	uint64_t file_off;
	struct famfs_extent where;
	uint32_t extent, strip;
	bool interleaved;
};

/** struct famfs_fmap_walk - a range of a file, piece by piece. The caller's memory, our fields. */
struct famfs_fmap_walk {
	struct famfs_fmap_iter start, iter;
	struct famfs_fmap_part part;
	uint64_t file_size, off, end, before;
	bool inside;
};

/**
 * famfs_fmap_walk_init() - prepares to resolve by a message of either generation (FMAP.md 5).
 * @msg: @len bytes, any contents; borrowed.
 *
 * Return: 0, -EUCLEAN as famfs_fmap_iter_init().
 */
FAMFS_API int famfs_fmap_walk_init(struct famfs_fmap_walk *walk, const void *msg, size_t len,
				   struct famfs_err *err);

/** famfs_fmap_walk_seek() - begins at @off; @len bytes. Return: 0; -ERANGE: behind the end. */
FAMFS_API int famfs_fmap_walk_seek(struct famfs_fmap_walk *walk, uint64_t off, uint64_t len,
				   struct famfs_err *err);

/**
 * famfs_fmap_walk_next() - the next piece. Return: 1, 0 at the range's end; -EUCLEAN: the map has
 * no place for a byte, or one outside of its extent or strip.
 */
FAMFS_API int famfs_fmap_walk_next(struct famfs_fmap_walk *walk, struct famfs_fmap_piece *ret_piece,
				   struct famfs_err *err);

/** struct famfs_fmap_find - a range of a device, looked for in a message. Our fields. */
struct famfs_fmap_find {
	struct famfs_fmap_iter iter;
	struct famfs_fmap_part interleaved, place;
	struct famfs_extent range;
	uint64_t file_size, before, after, pos, end;
};

/**
 * famfs_fmap_find_init() - the way back: which bytes of the file lie in @range?
 * @msg: @len bytes, any contents; borrowed. @range: copied.
 *
 * Return: 0, -EUCLEAN as famfs_fmap_iter_init().
 */
FAMFS_API int famfs_fmap_find_init(struct famfs_fmap_find *find, const void *msg, size_t len,
				   const struct famfs_extent *range, struct famfs_err *err);

/**
 * famfs_fmap_find_next() - the next piece, in the order of the message; what overlaps comes several
 * times. Return: 1, 0 at the end; -EUCLEAN: the message ends too early.
 */
FAMFS_API int famfs_fmap_find_next(struct famfs_fmap_find *find, struct famfs_fmap_piece *ret_piece,
				   struct famfs_err *err);

#define FAMFS_OWNER_MSG 512

/**
 * struct famfs_owners - whose a range of the device is. The caller's memory; it holds pointers into
 * itself and is not to be copied.
 * @entry: the file of the piece last returned, also one of famfs_lookup_meta(); its name may be one
 *	that cannot be looked up. The other fields are ours.
 */
struct famfs_owners {
	struct famfs_entry entry;
	struct famfs *fs;
	uint64_t next;
	struct famfs_extent range;
	struct famfs_fmap_find find;
	uint32_t extent;
	int state;
	uint8_t msg[FAMFS_OWNER_MSG];
};

/** famfs_owners_init() - begins to look for the owners of [@off, @off + @len) of device 0. */
FAMFS_API void famfs_owners_init(struct famfs_owners *owners, struct famfs *fs, uint64_t off,
				 uint64_t len);

/**
 * famfs_owners_next() - the next piece of the range that somebody has: the superblock, the log,
 * then files in log order. What comes in no piece is free, or past the device's end. Of an entry
 * whose map is damaged, pieces tell no byte of the file.
 *
 * Return: 1, 0 at the end, -EIO.
 */
FAMFS_API int famfs_owners_next(struct famfs_owners *owners, struct famfs_fmap_piece *ret_piece,
				struct famfs_err *err);

/**
 * famfs_physical() - the physical address of a byte of the device.
 * @off: byte of the device. @ret_len: bytes that follow there without a break; may be NULL.
 *
 * Return: 0; -ENODATA: an image, or the host does not tell (it tells root); -ERANGE: behind its
 * end.
 */
FAMFS_API int famfs_physical(struct famfs *fs, uint64_t off, uint64_t *ret_address,
			     uint64_t *ret_len, struct famfs_err *err);

/**
 * famfs_physical_off() - the way back: the byte of the device at a physical address.
 *
 * Return: 0; -ENODATA as famfs_physical(); -ERANGE: it is not in this device.
 */
FAMFS_API int famfs_physical_off(struct famfs *fs, uint64_t address, uint64_t *ret_off,
				 struct famfs_err *err);

/**
 * famfs_physical_device() - the DAX device of this host that has a physical address.
 * @ret_device: its path ("/dev/dax0.0"), @len bytes.
 *
 * Return: 0; -ENODATA: none has it, or the host does not tell (it tells root); -ENAMETOOLONG.
 */
FAMFS_API int famfs_physical_device(const struct famfs_ctx *ctx, uint64_t address, char *ret_device,
				    size_t len, struct famfs_err *err);

enum famfs_fmap_kernel { FAMFS_KERNEL_V7 = 0, FAMFS_KERNEL_V10 = 1 }; /* before v8; from v8 on */

/**
 * struct famfs_fmap_limits - what a message is judged against; 0: not known, not judged.
 * @dev_size: bytes of the device (U4). @data_off: where the superblock and log end (U3).
 */
struct famfs_fmap_limits {
	uint64_t dev_size;
	uint64_t data_off;
	enum famfs_fmap_kernel kernel;
};

/** famfs_limits() - what maps of files of @fs are judged against. */
FAMFS_API void famfs_limits(const struct famfs *fs, struct famfs_fmap_limits *ret_limits);

/**
 * struct famfs_fmap_verdict - the judgement on a message.
 * @kernel_rc: what the kernel's parser returns: 0 or a negative errno.
 * @stop: number of the check that stops the kernel: K@stop (FMAP.md 3); 0: none.
 * @rejected: bit N set: KN; the one that stops, and the counted ones before it.
 * @unsafe: bit N set: UN (FMAP.md 4) holds; judged on accepted messages only.
 * @file_type, @file_size, @ext_type, @nextents, @dev_bitmap: what the kernel would hold; valid when
 *	@kernel_rc is 0.
 */
struct famfs_fmap_verdict {
	int kernel_rc;
	uint32_t stop;
	uint32_t rejected;
	uint32_t unsafe;
	uint8_t file_type;
	uint64_t file_size;
	uint32_t ext_type;
	uint32_t nextents;
	uint64_t dev_bitmap;
};

/**
 * famfs_fmap_judge() - judges a v1 message from anywhere, by the kernel's rules in the kernel's
 * order (K1 to K16), then for safety (U1 to U10).
 * @msg: @len bytes, any contents.
 * @limits: may be NULL.
 */
FAMFS_API void famfs_fmap_judge(const void *msg, size_t len, const struct famfs_fmap_limits *limits,
				struct famfs_fmap_verdict *ret_verdict);

/** famfs_fmap_k_text() - rule K@n (1 to 16) in words, static; NULL for other numbers. */
FAMFS_API const char *famfs_fmap_k_text(unsigned int n);

/** famfs_fmap_u_text() - danger U@n (1 to 10) in words, static; NULL for other numbers. */
FAMFS_API const char *famfs_fmap_u_text(unsigned int n);

/* -------------------------------------------------------------------- check */

enum famfs_severity {
	FAMFS_WARNING = 1, /* odd, and harmless to the existing tools and the kernel */
	FAMFS_ERROR = 2,   /* damage */
	FAMFS_FATAL = 3,   /* nothing behind it could be examined: no superblock at all */
};

enum famfs_repair_kind {
	FAMFS_REPAIR_NONE = 0,    /* nothing can be done, or need be */
	FAMFS_REPAIR_SAFE = 1,    /* only one outcome is right, and nothing is lost by it */
	FAMFS_REPAIR_ASK = 2,     /* somebody must want it: something is guessed, or removed */
	FAMFS_REPAIR_FOLLOWS = 3, /* goes away with the repair of others */
};

/**
 * struct famfs_finding - one thing that is wrong.
 * @code: stable name, static: "overlap", "entry_crc", ... (lib/problem.c has the table).
 * @entry: log entry, or FAMFS_NONE. @path: its path, or empty; raw bytes of the media.
 * @off, @len: where on the device, in bytes; FAMFS_NONE and 0 if nowhere in particular.
 * @other_entry, @other_path: the other party (an overlap's earlier owner, a duplicate's first).
 * @more: how many more there are: extents that meet, blank entries behind this one.
 * @rejected, @unsafe: bit N set: KN, UN, of the file's map (struct famfs_fmap_verdict).
 * @value: as found, when @has_value. @expected: as it should be, when @has_expected.
 * @text: the whole finding in one line, for people, without entry and path.
 * @repair: how famfs_repair_new() can mend it; @remedy: what it would do, static, "remove the
 *	entry", or NULL.
 */
struct famfs_finding {
	const char *code;
	enum famfs_severity severity;
	enum famfs_repair_kind repair;
	const char *remedy;
	uint64_t entry;
	char path[FAMFS_PATH_SIZE + 1];
	uint64_t off, len;
	uint64_t other_entry;
	char other_path[FAMFS_PATH_SIZE + 1];
	uint64_t more;
	bool has_value, has_expected;
	uint64_t value, expected;
	uint32_t rejected, unsafe;
	char text[512];
};

/**
 * struct famfs_check_summary - what a finished check saw.
 * @super_valid: there is a superblock of this format. @errors, @warnings: findings by severity.
 * @files, @dirs, @others, @bad: entries by kind; @bad ones are invalid. @file_bytes: sum of sizes.
 */
struct famfs_check_summary {
	bool super_valid;
	struct famfs_super super;
	enum famfs_role role;
	uint64_t real_size, dev_size;
	uint64_t log_len, log_slots, log_used;
	uint64_t files, dirs, others, bad;
	uint64_t file_bytes;
	uint64_t errors, warnings;
};

struct famfs_check;

/**
 * famfs_check_new() - examines everything on a device, reading only.
 * @device: as famfs_open().
 * @ret_check: freed by the caller with famfs_check_free().
 *
 * Return: 0, also when much is wrong; else what kept the device from being read, as famfs_open().
 */
FAMFS_API int famfs_check_new(struct famfs_ctx *ctx, const char *device,
			      struct famfs_check **ret_check, struct famfs_err *err);

/** famfs_check_next() - the findings, by entry. Return: 1, 0 at the end, -EIO. */
FAMFS_API int famfs_check_next(struct famfs_check *check, struct famfs_finding *ret_finding,
			       struct famfs_err *err);

/** famfs_check_summary() - the counts; complete as soon as famfs_check_new() has returned. */
FAMFS_API const struct famfs_check_summary *famfs_check_summary(const struct famfs_check *check);

/** famfs_check_free() - frees a check; NULL is fine. */
FAMFS_API void famfs_check_free(struct famfs_check *check);

/* ------------------------------------------------------------------- repair */

enum famfs_repair_flags {
	FAMFS_REPAIR_FORCE = 1 << 0,   /* take over a file system that may be another host's */
	FAMFS_REPAIR_SALVAGE = 1 << 1, /* keep the good entries behind a bad one */
	FAMFS_REPAIR_DRY_RUN = 1 << 2, /* famfs_repair_commit() stores nothing */
	FAMFS_REPAIR_SYNC = 1 << 3,    /* as FAMFS_OPEN_SYNC */
	FAMFS_REPAIR_LOCK = 1 << 4,    /* hold the writers' lock from the beginning: wait for it */
};

/**
 * struct famfs_repair_opts - how a repair decides; everything is borrowed until
 * famfs_repair_new() returns, but @ask and @data.
 * @ask: shall this be mended? 1 yes, 0 no, -ECANCELED. Called for findings with repair SAFE or ASK
 *	(and FOLLOWS, for one that did not go away with the others), once each. NULL: never.
 * @undo: where the undo file goes; NULL: beside the image, or in the state directory.
 * @uuid, @dev_uuid: for a rebuilt superblock whose own cannot be believed; NULL: random.
 */
struct famfs_repair_opts {
	int (*ask)(void *data, const struct famfs_finding *finding);
	void *data;
	const char *undo;
	const uint8_t *uuid, *dev_uuid;
	unsigned int flags;
};

enum famfs_repair_status {
	FAMFS_REPAIR_LEFT = 0, /* it is still there */
	FAMFS_REPAIR_DONE = 1, /* mended (with DRY_RUN, or before the commit: would be) */
};

enum famfs_change_kind {
	FAMFS_CHANGE_REMOVED = 1,
	FAMFS_CHANGE_MADE = 2,    /* a directory that was missing */
	FAMFS_CHANGE_RENAMED = 3, /* perhaps with another size too */
	FAMFS_CHANGE_RESIZED = 4,
	FAMFS_CHANGE_REMAPPED = 5, /* the same bytes, and other claims to space */
	FAMFS_CHANGE_FOUND = 6,    /* an entry that was not counted before */
};

/**
 * struct famfs_repair_change - what became of one entry.
 * @entry: its number before; FAMFS_NONE for MADE. @type: enum famfs_entry_type, as found.
 * @path: raw bytes, as before (MADE: of the directory). @new_path: RENAMED.
 * @size, @new_size: of files, in bytes, before and after.
 */
struct famfs_repair_change {
	enum famfs_change_kind kind;
	uint32_t type;
	uint64_t entry;
	char path[FAMFS_PATH_SIZE + 1], new_path[FAMFS_PATH_SIZE + 1];
	uint64_t size, new_size;
};

struct famfs_repair;

/**
 * famfs_repair_new() - examines a device as famfs_check_new() does, and works out how to mend it,
 * on a copy in memory: nothing is stored yet.
 * @ret_rep: freed by the caller with famfs_repair_free(); holds the writers' lock with LOCK.
 *
 * Only the master repairs. A superblock that cannot be believed has no master: this host becomes
 * it; but where the system UUID of another host can still be read in it, only with FORCE. Where
 * this host may not write, nothing is asked and famfs_repair_refusal() tells why.
 *
 * It takes memory for about four times the entries that are there. Blank slots before the last one
 * count as entries: up to 8192 of them, or as many as there are entries.
 *
 * Return: 0; as famfs_check_new(); -ESTALE: it changes meanwhile; what @opts->ask failed with;
 * -EFBIG: more blank slots than that.
 */
FAMFS_API int famfs_repair_new(struct famfs_ctx *ctx, const char *device,
			       const struct famfs_repair_opts *opts, struct famfs_repair **ret_rep,
			       struct famfs_err *err);

/** famfs_repair_refusal() - why nothing can be stored. Return: 0; -EPERM, -EBUSY, -EROFS, ... */
FAMFS_API int famfs_repair_refusal(const struct famfs_repair *rep, struct famfs_err *err);

/** famfs_repair_before() - what was found on the device; valid as long as @rep. */
FAMFS_API const struct famfs_check_summary *famfs_repair_before(const struct famfs_repair *rep);

/** famfs_repair_after() - what a check finds once everything is done. */
FAMFS_API const struct famfs_check_summary *famfs_repair_after(const struct famfs_repair *rep);

/**
 * famfs_repair_next() - the findings, those that came up during the repair at the end.
 * @ret_done: what was done about it, static; NULL if it is LEFT.
 *
 * Return: 1, 0 at the end.
 */
FAMFS_API int famfs_repair_next(struct famfs_repair *rep, struct famfs_finding *ret_finding,
				enum famfs_repair_status *ret_status, const char **ret_done);

/** famfs_repair_change_next() - what becomes of the entries, in log order. Return: 1, 0. */
FAMFS_API int famfs_repair_change_next(struct famfs_repair *rep,
				       struct famfs_repair_change *ret_change);

/**
 * famfs_repair_commit() - stores what was decided: takes the writers' lock, makes sure that nothing
 * has changed since, writes the undo file, stores, and reads back.
 *
 * One store publishes what only the log's counters or the recorded device size need. Else the log
 * is marked as being rewritten, and read by nobody, until it is whole: after a crash in between,
 * `famfs image restore` of the undo file takes everything back.
 *
 * Return: 0, also when there is nothing to do; the refusal; -ESTALE: another command wrote
 * meanwhile; -EBUSY: one is filling space; -EEXIST, -ENOSPC, ...: no undo file can be written, and
 * nothing was stored; -EIO.
 */
FAMFS_API int famfs_repair_commit(struct famfs_repair *rep, struct famfs_err *err);

/** famfs_repair_undo() - the undo file that was written; NULL if none was. */
FAMFS_API const char *famfs_repair_undo(const struct famfs_repair *rep);

/** famfs_repair_free() - frees a repair and drops its lock; NULL is fine. */
FAMFS_API void famfs_repair_free(struct famfs_repair *rep);

/* ---------------------------------------------------------- metadata images */

/*
 * A metadata image is a small file with a file system's superblock and log. Every call that reads
 * a device reads one too, but for the bytes of files, which are not in it. An undo file is the same
 * kind of file with what a command was about to write over.
 */
enum famfs_image_kind { FAMFS_IMAGE_METADATA = 1, FAMFS_IMAGE_UNDO = 2 };

#define FAMFS_IMAGE_DEVICE_SIZE 256

/**
 * struct famfs_image_info - what is in such a file.
 * @version: of its format. @created: seconds since 1970.
 * @scrubbed: names of files and of the device were made unrecognisable.
 * @has_super: the UUIDs are those of a valid superblock.
 * @dev_size: bytes of the device it was taken from. @device: its name, cut to fit; may be empty.
 * @file_len: bytes of the file itself. @sections: ranges of the device in it.
 * @data_len, @zero_len: bytes of the device in it; @packed_len: what @data_len takes in the file.
 * @end: where on the device its last range ends.
 */
struct famfs_image_info {
	enum famfs_image_kind kind;
	uint32_t version;
	bool scrubbed, has_super;
	uint64_t created;
	uint64_t dev_size;
	uint8_t uuid[16], dev_uuid[16], system_uuid[16];
	char device[FAMFS_IMAGE_DEVICE_SIZE];
	uint64_t file_len, sections, data_len, zero_len, packed_len, end;
};

/**
 * struct famfs_image_section - a range of the device in such a file.
 * @off, @len: on the device, in bytes. @packed_len: bytes in the file. @zeros: all are zero.
 */
struct famfs_image_section {
	uint64_t off, len, packed_len;
	bool zeros;
};

/**
 * struct famfs_image_source - where such a file is read from.
 * @fd: open for reading; what is a pipe is copied to a temporary file first.
 * @name: the file's, for errors; borrowed.
 */
struct famfs_image_source {
	int fd;
	const char *name;
};

/** famfs_section_fn() - gets each section; another result than 0 ends the reading with it. */
typedef int (*famfs_section_fn)(void *data, const struct famfs_image_section *section);

/**
 * famfs_image_read() - reads a metadata image or undo file from its first byte to its last, and
 * judges all of it.
 * @fn: may be NULL.
 *
 * Return: 0; -EUCLEAN: it is none, damaged or cut off; -EOPNOTSUPP: a format version that is not
 * known; what read(2) gives; -ECANCELED; -ENOMEM.
 */
FAMFS_API int famfs_image_read(struct famfs_ctx *ctx, const struct famfs_image_source *source,
			       famfs_section_fn fn, void *data, struct famfs_image_info *ret_info,
			       struct famfs_err *err);

enum famfs_dump_flags {
	FAMFS_DUMP_SCRUB_NAMES = 1 << 0, /* names of files and devices become others */
};

/**
 * struct famfs_dump_opts - where a metadata image goes.
 * @fd: written in order, and not synced; may be a pipe. @name: for errors; borrowed.
 * @flags: enum famfs_dump_flags.
 */
struct famfs_dump_opts {
	int fd;
	const char *name;
	unsigned int flags;
};

/**
 * struct famfs_dump_result - what was written.
 * @info: of the new file; @file_len is its length, the counts are 0. @has_super: there was a valid
 *	superblock.
 * @log_len: bytes taken as the log. @log_len_guessed: neither superblock nor log header tell it.
 */
struct famfs_dump_result {
	struct famfs_image_info info;
	uint64_t log_len;
	bool log_len_guessed;
};

/**
 * famfs_image_dump() - writes superblock and log as a metadata image, reading only; also of a
 * damaged file system, and of what has no valid superblock.
 * @device: as famfs_open(); also a metadata image.
 *
 * Return: 0; as famfs_open(); what write(2) gives; -ESTALE: the file system was made anew
 * meanwhile; -ECANCELED.
 */
FAMFS_API int famfs_image_dump(struct famfs_ctx *ctx, const char *device,
			       const struct famfs_dump_opts *opts,
			       struct famfs_dump_result *ret_result, struct famfs_err *err);

enum famfs_restore_flags {
	FAMFS_RESTORE_FORCE = 1 << 0,    /* overwrite what is there; a smaller device; any host */
	FAMFS_RESTORE_DRY_RUN = 1 << 1,  /* every check, nothing written */
	FAMFS_RESTORE_SYNC = 1 << 2,     /* as FAMFS_OPEN_SYNC */
	FAMFS_RESTORE_NEW_UUID = 1 << 3, /* a copy: new UUIDs of file system and device */
	FAMFS_RESTORE_GROW = 1 << 4,     /* record the device's size: all of a larger one is used */
};

/**
 * struct famfs_restore_opts - zero means default everywhere.
 * @size: bytes of the image to make; 0: as large as the device that was dumped.
 * @undo: file to keep in what is written over; NULL: beside an image, or in the state directory.
 * @section: gets each section that is, or would be, written, before anything is; may be NULL.
 * @data: given to it.
 * @flags: enum famfs_restore_flags.
 */
struct famfs_restore_opts {
	uint64_t size;
	const char *undo;
	famfs_section_fn section;
	void *data;
	unsigned int flags;
};

#define FAMFS_FILE_PATH_SIZE 4096

/**
 * struct famfs_restore_result - what was restored; with DRY_RUN, what would be.
 * @info: of the file. @dev_size: bytes of the device.
 * @super_valid: the superblock restored is valid; @super is it.
 * @changed: bytes that were different on the device.
 * @replaced: what was overwritten, for people; empty if nothing was recognised.
 * @undo: the undo file; empty if there is none, which is so when an image was made.
 */
struct famfs_restore_result {
	struct famfs_image_info info;
	struct famfs_super super;
	bool super_valid;
	uint64_t dev_size;
	uint64_t changed;
	bool image_made;
	char replaced[256];
	char undo[FAMFS_FILE_PATH_SIZE];
};

/**
 * famfs_image_restore() - writes a metadata image, or what is in an undo file, to a device. The
 * log is marked as being rewritten and the old superblock dies first; the new magic numbers are
 * written last, when all else was read back. A restore that was cut off in between is completed by
 * calling this again, and taken back by its undo file.
 * @source: is read to its end and judged before anything is written.
 * @device: as famfs_open(); an image that is not there is made (not from an undo file).
 * @opts: NULL for all defaults.
 * @ret_result: may be NULL.
 *
 * Without FORCE: what is recognised on the device must be the same file system, with no more
 * entries in its log; for an undo file it must be what its command left, or left half done; the
 * device must be large enough for all files; this host must be the master.
 *
 * Return: 0; as famfs_image_read() for the file and famfs_open() for the device; -EEXIST: something
 * else is on the device, or more was done since; -ENOSPC: it is too small, or a disk is full;
 * -EBUSY: locked by another command, or mounted; -EPERM: not the master; -EINVAL: a rule of sizes;
 * -EUCLEAN: NEW_UUID or GROW, and no valid superblock in the file; -EIO: also for media errors that
 * the host knows of in the memory of superblock and log (not for an undo file), and when what was
 * written does not read back.
 */
FAMFS_API int famfs_image_restore(struct famfs_ctx *ctx, const struct famfs_image_source *source,
				  const char *device, const struct famfs_restore_opts *opts,
				  struct famfs_restore_result *ret_result, struct famfs_err *err);

#ifdef __cplusplus
}
#endif
#endif
