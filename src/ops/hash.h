/* hash.h - hashes whose numbers are part of models: they never change. */
#ifndef OPS_HASH_H
#define OPS_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_text(const char *s, size_t n);            /* FarmHash's Fingerprint64 */
uint64_t hash_join(uint64_t a, uint64_t b);             /* of two such: the order matters */

#endif
