/* text.h - messages as protobuf's text format, both ways, for any type by its descriptor.
 *
 * What is written reads back as the same message: strings escaped, floats in their shortest form,
 * maps as repeated entries; numbers of fields that a type does not know are left out. What is read
 * may be anything that protobuf's own reader takes: comments, `<` and `>` as braces, [lists] of
 * values, enums by name or number, adjacent strings, `;` and `,` after fields. Nesting is bounded
 * (WIRE_DEPTH). Any thread.
 */
#ifndef WIRE_TEXT_H
#define WIRE_TEXT_H

#include "base/str.h"
#include "wire/wire.h"

/* By its name, "GraphDef"; NULL: there is none. */
const ProtobufCMessageDescriptor *message_type(const char *name);

MUST_CHECK struct status *text_write(const ProtobufCMessage *m, struct str *to);

/* `message` is the address of a pointer to the message, whose memory is the arena's. Errors are
 * INVALID_ARGUMENT and begin with the place, "3:14: ". */
MUST_CHECK struct status *text_read(struct arena *a, const ProtobufCMessageDescriptor *d,
                                    const char *text, size_t n, void *message);

#endif
