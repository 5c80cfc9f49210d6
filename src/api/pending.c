/* pending.c - declared in weft.h, not there yet: removed as each of them arrives. */
#include "api/api.h"

__attribute__((weak)) void weft_partial_free(struct weft_partial *p) { (void)p; }
__attribute__((weak)) void weft_set_host_function(weft_host_function *f) { (void)f; }
__attribute__((weak)) void weft_run_options_cancel(struct weft_run_options *o,
                                                   const volatile int *flag)
{ (void)o, (void)flag; }
__attribute__((weak)) struct weft_status *
weft_partial_new(struct weft_session *s, const struct weft_out *feeds, int n_feeds,
                 const struct weft_out *fetches, int n_fetches, struct weft_partial **result)
{
    (void)s, (void)feeds, (void)n_feeds, (void)fetches, (void)n_fetches, (void)result;
    return weft_status_new(WEFT_UNIMPLEMENTED, "partial runs");
}
__attribute__((weak)) struct weft_status *
weft_partial_run(struct weft_partial *p, const struct weft_feed *feeds, int n_feeds,
                 const struct weft_out *fetches, int n_fetches, struct weft_tensor **values)
{
    (void)p, (void)feeds, (void)n_feeds, (void)fetches, (void)n_fetches, (void)values;
    return weft_status_new(WEFT_UNIMPLEMENTED, "partial runs");
}
