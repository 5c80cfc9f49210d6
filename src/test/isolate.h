/* isolate.h - runs numbered items in a child process, so that a crash or a hang costs one item and
 * has a name; the child that follows goes on with the next. */
#ifndef TEST_ISOLATE_H
#define TEST_ISOLATE_H

struct progress {               /* shared with the child */
    int at, done, passed, failures, skipped;
    char text[200];             /* what is being done, for the message after a crash */
    char notes[1 << 16];        /* a line a note, see progress_note() */
    int n_notes;
};

/* Runs child(ctx, from), which counts in `progress` and calls progress_at() before each item, to
 * its end; `where` goes before the item's number in messages. */
void isolate(const char *where, int seconds_per_item,
             void (*child)(void *ctx, int from), void *ctx);
extern struct progress *progress;               /* all zero when isolate() begins */

void progress_at(int at, const char *text);
void progress_note(const char *note);
/* Prints the notes, each once with how often it was made. */
void progress_print_notes(const char *title);

#endif
