/* wire.h - protocol buffers in and out.
 *
 * Messages are decoded into an arena and into protobuf-c's structs; what is nested too deeply or
 * has lengths that lie is refused, so that no input can exhaust the stack or claim memory. What
 * was decoded lives as long as the arena and is never freed by itself. Include "wire/X.pb-c.h"
 * for the messages.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/arena.h"
#include "base/status.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

enum { WIRE_DEPTH = 100 };              /* messages in messages; as protobuf's own readers */
#define WIRE_MOST ((size_t)INT32_MAX)   /* bytes of a message: 2 GiB less one */

/* `message` is the address of a pointer to the message. What is malformed is INVALID_ARGUMENT; the
 * text tells what is wrong with the bytes, and the caller knows what they should have been. */
MUST_CHECK struct status *wire_decode(struct arena *a, const ProtobufCMessageDescriptor *d,
                                      const void *bytes, size_t n, void *message);
/* The same, but fields of type `bytes` point into the bytes given, which must outlive them. */
MUST_CHECK struct status *wire_decode_borrowed(struct arena *a,
                                               const ProtobufCMessageDescriptor *d,
                                               const void *bytes, size_t n, void *message);

/* The bytes are the caller's, to mem_free(). Too much for one message is INVALID_ARGUMENT. */
MUST_CHECK struct status *wire_encode(const ProtobufCMessage *m, void **bytes, size_t *n);

/* Bytes of a value of the type where it stands in a struct. */
size_t wire_size(ProtobufCType t);
/* Is the field a map: repeated entries of a key and a value? */
bool wire_is_map(const ProtobufCFieldDescriptor *f);
/* All maps within, in the order of their keys: what is equal then has equal bytes. */
void wire_sort_maps(ProtobufCMessage *m);

#endif
