/* summary.h - Summary messages, value by value: what summary ops give and event files hold.
 *
 * A zeroed struct is an empty summary; its owner ends it with summary_release(). What a value is
 * made of is borrowed until then, but for tags. One thread at a time.
 */
#ifndef IO_SUMMARY_H
#define IO_SUMMARY_H

#include "io/histogram.h"
#include "io/wav.h"

/* Rows of pixels of `channels` bytes: 1 gray, 2 with alpha, 3 RGB, 4 RGBA. */
struct picture { const uint8_t *pixels; int64_t height, width; int channels; };

struct summary { struct arena arena; Wire__Summary__Value **value; size_t n, cap; };

MUST_CHECK struct status *summary_scalar(struct summary *s, const char *tag, float v);
MUST_CHECK struct status *summary_histogram(struct summary *s, const char *tag,
                                            const struct histogram *h);
/* As a PNG file. */
MUST_CHECK struct status *summary_image(struct summary *s, const char *tag,
                                        const struct picture *p);
/* As a WAV file. `rate` as it is told; the file's is that rounded. */
MUST_CHECK struct status *summary_audio(struct summary *s, const char *tag,
                                        const struct sound *sound, float rate);
/* Of a node, or with a tag and metadata; NULL: none. */
MUST_CHECK struct status *summary_tensor(struct summary *s, const char *node, const char *tag,
                                         Wire__TensorProto *t, Wire__SummaryMetadata *m);
MUST_CHECK struct status *summary_text(struct summary *s, const char *tag, const char *text);
/* A value that another summary holds. */
MUST_CHECK struct status *summary_add(struct summary *s, Wire__Summary__Value *v);

MUST_CHECK struct status *summary_encode(const struct summary *s, void **bytes, size_t *n);
void summary_release(struct summary *s);

#endif
