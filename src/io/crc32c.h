/* crc32c.h - the Castagnoli checksum that checkpoints and event files carry.
 *
 * By the processor's instruction where it has one, found out at run time, several streams side by
 * side. Any thread. */
#ifndef IO_CRC32C_H
#define IO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` is that of (0: nothing) and `n` bytes more. */
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t n);

/* That of two pieces one after the other, the second of n_b bytes, from each one's. */
uint32_t crc32c_combine(uint32_t a, uint32_t b, uint64_t n_b);

static inline uint32_t crc32c(const void *data, size_t n) { return crc32c_extend(0, data, n); }

/* As files store it: the checksum of bytes that hold checksums would be weak. */
static inline uint32_t crc32c_mask(uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8u; }
static inline uint32_t crc32c_unmask(uint32_t masked)
{
    uint32_t rotated = masked - 0xa282ead8u;
    return rotated >> 17 | rotated << 15;
}

/* For tests: the same without the instruction. */
uint32_t crc32c_extend_plain(uint32_t crc, const void *data, size_t n);

#endif
