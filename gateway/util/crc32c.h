/* crc32c.h - the Castagnoli checksum, of PROXY headers and record batches.
 *
 * Begin with UINT32_MAX, go on with what the last call returned, and invert the
 * last one.  Bit by bit: for a few hundred bytes at a time.
 */
#ifndef UTIL_CRC32C_H
#define UTIL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const uint8_t *bytes, size_t n);

#endif
