/* file.h - what the verbs need of files: reading one whole, replacing one at once. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stddef.h>
#include <weft.h>

struct file { const void *data; size_t size; };

/* A whole file, mapped. Errors name the path. */
WEFT_MUST_CHECK struct weft_status *file_map(const char *path, struct file *f);
void file_unmap(struct file *f);

/* The n parts become the file's content, or nothing changes. */
WEFT_MUST_CHECK struct weft_status *file_replace(const char *path, char *const *part,
                                                 const size_t *size, int n);

/* The same failure with "path: " in front; NULL stays NULL. */
WEFT_MUST_CHECK struct weft_status *status_about(struct weft_status *s, const char *path);
/* INVALID_ARGUMENT with printf text. */
WEFT_MUST_CHECK __attribute__((format(printf, 1, 2)))
struct weft_status *refuse(const char *format, ...);

bool is_folder(const char *path);
bool is_file(const char *path);
bool ends_with(const char *text, const char *end);

#endif
