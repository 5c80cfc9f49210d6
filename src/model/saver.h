/* saver.h - saves a graph's variables from time to time and restores them. One thread at a time. */
#ifndef MODEL_SAVER_H
#define MODEL_SAVER_H

#include "build/variable.h"
#include "session/session.h"
#include "wire/meta.pb-c.h"

struct saver;
struct saver_options {              /* as weft_saver_options */
    int max_to_keep;
    double keep_every_n_hours;
    bool pad_step_number, no_meta_graph;
    const char *latest_filename;
};

/* n = 0: all the graph's variables. */
MUST_CHECK struct status *saver_new(struct graph *g, const struct out *refs, int n,
                                    const struct saver_options *o, struct saver **result);
void saver_free(struct saver *s);
/* `prefix` is good until the saver saves again. */
MUST_CHECK struct status *saver_save(struct saver *s, struct session *session, const char *path,
                                     int64_t step, const char **prefix);
MUST_CHECK struct status *saver_restore(struct saver *s, struct session *session,
                                        const char *prefix);
int saver_count(const struct saver *s);
const char *saver_checkpoint(const struct saver *s, int i);
MUST_CHECK struct status *saver_recover(struct saver *s, const char *const *prefixes, int n);
const Wire__SaverDef *saver_def(const struct saver *s);

#endif
