/* SPDX-License-Identifier: ISC */
#include "io/space.h"

#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

/* From the kernel's magic.h and the file systems themselves. */
#define MAGIC_BTRFS 0x9123683eU
#define MAGIC_ZFS 0x2fc12fc1U
#define MAGIC_BCACHEFS 0xca451a4eU

enum { BLOCK_MOST = 4096 }; /* network file systems call their largest transfer a block */

enum rc
space_ask(int fd, uint64_t *block, uint64_t *free_bytes)
{
	struct statvfs v;
	struct statfs fs;
	uint32_t magic;

	if (fstatvfs(fd, &v) != 0 || fstatfs(fd, &fs) != 0 || v.f_blocks == 0 ||
	    v.f_frsize == 0)
		return RC_NONE;
	magic = (uint32_t)fs.f_type;
	if (magic == MAGIC_BTRFS || magic == MAGIC_ZFS || magic == MAGIC_BCACHEFS)
		return RC_NONE;
	*block = v.f_frsize < BLOCK_MOST ? v.f_frsize : BLOCK_MOST;
	/* The reserve is root's. */
	if (__builtin_mul_overflow(
	        geteuid() == 0 ? (uint64_t)v.f_bfree : (uint64_t)v.f_bavail,
	        (uint64_t)v.f_frsize, free_bytes))
		*free_bytes = UINT64_MAX;
	return RC_OK;
}
