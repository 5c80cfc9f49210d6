/* draw_svg.c - the door to Graphviz's library, loaded when a picture is asked for: no other verb
 * should pay for it. */
#include "draw.h"

#include "file.h"

#include <dlfcn.h>
#include <graphviz/gvc.h>
#include <stdlib.h>

static struct graphviz {
    void *library;
    GVC_t *(*context)(void);
    Agraph_t *(*read)(const char *dot);
    int (*layout)(GVC_t *, graph_t *, const char *engine);
    int (*render)(GVC_t *, graph_t *, const char *format, char **result, unsigned *length);
    void (*free_data)(char *);
    int (*free_layout)(GVC_t *, graph_t *);
    int (*close)(Agraph_t *);
    int (*free_context)(GVC_t *);
} gv;

static bool find(void *function, const char *name)
{
    *(void **)function = dlsym(gv.library, name);
    return *(void **)function;
}

static bool load(void)
{
    gv.library = dlopen("libgvc.so.6", RTLD_NOW);
    return gv.library && find(&gv.context, "gvContext") && find(&gv.read, "agmemread") &&
           find(&gv.layout, "gvLayout") && find(&gv.render, "gvRenderData") &&
           find(&gv.free_data, "gvFreeRenderData") && find(&gv.free_layout, "gvFreeLayout") &&
           find(&gv.close, "agclose") && find(&gv.free_context, "gvFreeContext");
}

static bool render(const char *dot, FILE *to)
{
    char *svg = NULL;
    unsigned n = 0;
    GVC_t *c = gv.context();
    Agraph_t *g = c ? gv.read(dot) : NULL;
    bool laid = g && gv.layout(c, g, "dot") == 0;
    bool fine = laid && gv.render(c, g, "svg", &svg, &n) == 0 && fwrite(svg, 1, n, to) == n;
    if (svg)
        gv.free_data(svg);
    if (laid)
        gv.free_layout(c, g);
    if (g)
        gv.close(g);
    if (c)
        gv.free_context(c);
    return fine;
}

struct weft_status *draw_svg(struct weft_graph *g, struct weft_node *const *ends, int n_ends,
                             int most, FILE *to)
{
    char *dot = NULL;
    size_t n;
    if (!load())
        return refuse("a picture needs Graphviz's library (Debian's libgvc6): %s", dlerror());
    FILE *text = open_memstream(&dot, &n);
    struct weft_status *st = text ? draw_dot(g, ends, n_ends, most, text)
                                  : weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
    if (text)
        fclose(text);
    if (!st && !render(dot, to))
        st = weft_status_new(WEFT_INTERNAL, "Graphviz could not draw the graph");
    free(dot);
    return st;
}
