/* json.h - messages from JSON, as protocol buffers map them (proto3's JSON): names of fields as
 * they are or in lowerCamelCase, bytes in base64, 64-bit integers as numbers or strings, floats as
 * numbers or "NaN", "Infinity" and "-Infinity", maps as objects, null for what is not set.
 *
 * The grammar is JSON's own, with none of the liberties that some readers take. What is repeated
 * or a map keeps its order. Nesting is bounded (WIRE_DEPTH). Any thread.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "wire/wire.h"

/* `message` is the address of a pointer to the message, whose memory is the arena's. Fields may be
 * messages, strings, bytes, floats and int64s, which is what Examples are made of. Errors are
 * INVALID_ARGUMENT and begin with the place, "1:14: ". */
MUST_CHECK struct status *json_read(struct arena *a, const ProtobufCMessageDescriptor *d,
                                    const char *text, size_t n, void *message);

#endif
