#include "io/jpeg.h"

#include "base/library.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#define NAMES(X)                                                                             \
    X(std_error) X(CreateDecompress) X(CreateCompress) X(destroy) X(read_header)             \
    X(start_decompress) X(calc_output_dimensions) X(read_scanlines) X(resync_to_restart)     \
    X(set_defaults) X(set_quality) X(simple_progression) X(start_compress) X(write_marker)   \
    X(write_scanlines) X(finish_compress)

static struct {
#define X(name) __typeof__(&jpeg_##name) name;
    NAMES(X)
#undef X
} jpeg;

static const struct library_symbol symbols[] = {
#define X(name) { "jpeg_" #name, (void **)&jpeg.name },
    NAMES(X)
#undef X
};

static struct library library = LIBRARY("libjpeg-turbo", "libjpeg.so.62", "libjpeg62-turbo", symbols);

static struct status *load(void) { return library_need(&library); }

/* An error of libjpeg's ends here: it may not go on, so it jumps. */
struct trap { struct jpeg_error_mgr manager; jmp_buf at; char text[JMSG_LENGTH_MAX]; };

static _Noreturn void on_error(j_common_ptr c)
{
    struct trap *t = (struct trap *)c->err;
    c->err->format_message(c, t->text);
    longjmp(t->at, 1);
}

static void on_message(j_common_ptr c) { (void)c; }

static void trap_init(struct trap *t)
{
    jpeg.std_error(&t->manager);
    t->manager.error_exit = on_error;
    t->manager.output_message = on_message;
}

static struct status *refuse(const struct trap *t)
{
    return status_new(INVALID_ARGUMENT, "%s", t->text);
}

/* ---- reading ---- */

struct jpeg_reader {
    struct trap trap;
    struct jpeg_decompress_struct c;
    struct jpeg_source_mgr source;
    struct jpeg_decoding how;
    int channels;
    int64_t row;                        /* how many were read */
};

static void on_begin(j_decompress_ptr c) { (void)c; }

/* The bytes are all there from the start: who asks for more has a truncated file. */
static boolean on_more(j_decompress_ptr c)
{
    static const JOCTET end[] = { 0xff, JPEG_EOI };
    struct jpeg_reader *r = c->client_data;
    if (!r->how.recover) {
        snprintf(r->trap.text, sizeof r->trap.text, "Premature end of JPEG file");
        longjmp(r->trap.at, 1);
    }
    c->src->next_input_byte = end;
    c->src->bytes_in_buffer = sizeof end;
    return TRUE;
}

static void on_skip(j_decompress_ptr c, long n)
{
    if (n <= 0)
        return;
    if ((size_t)n > c->src->bytes_in_buffer)
        n = (long)c->src->bytes_in_buffer;
    c->src->next_input_byte += n;
    c->src->bytes_in_buffer -= (size_t)n;
}

static bool is_cmyk(const struct jpeg_reader *r)
{
    return r->c.jpeg_color_space == JCS_CMYK || r->c.jpeg_color_space == JCS_YCCK;
}

static void choose_output(struct jpeg_reader *r)
{
    int own = r->c.num_components < 3 ? 1 : 3;
    r->channels = r->how.channels ? r->how.channels : own;
    r->c.out_color_space = is_cmyk(r) ? JCS_CMYK : r->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    r->c.do_fancy_upsampling = r->how.smooth;
    r->c.scale_num = 1;
    r->c.scale_denom = (unsigned)r->how.ratio;
    r->c.dct_method = r->how.accurate ? JDCT_ISLOW : JDCT_IFAST;
}

static bool read_header(struct jpeg_reader *r, const void *bytes, size_t n)
{
    if (setjmp(r->trap.at))
        return false;
    jpeg.CreateDecompress(&r->c, JPEG_LIB_VERSION, sizeof r->c);
    r->c.client_data = r;
    r->c.src = &r->source;
    r->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes, .bytes_in_buffer = n, .init_source = on_begin,
        .fill_input_buffer = on_more, .skip_input_data = on_skip,
        .resync_to_restart = jpeg.resync_to_restart, .term_source = on_begin };
    jpeg.read_header(&r->c, TRUE);
    choose_output(r);
    jpeg.calc_output_dimensions(&r->c);
    return true;
}

/* Each block of 64 pixels takes at least a bit, unless arithmetic coding or a missing end hides
 * them. */
static struct status *check_size(const struct jpeg_reader *r, size_t n)
{
    int64_t h = r->c.output_height, w = r->c.output_width;
    int64_t pixels = (int64_t)r->c.image_height * r->c.image_width;
    ENSURE(h > 0 && w > 0 && h * w < 1 << 29, "Image too large: %lld by %lld", (long long)w,
           (long long)h);
    ENSURE(r->c.arith_code || r->how.recover || pixels <= 512 * (int64_t)n,
           "Premature end of JPEG file");
    return NULL;
}

static bool start(struct jpeg_reader *r)
{
    if (setjmp(r->trap.at))
        return false;
    return jpeg.start_decompress(&r->c);
}

static struct status *begin(struct jpeg_reader *r, const void *bytes, size_t n)
{
    trap_init(&r->trap);
    r->c.err = &r->trap.manager;
    if (!read_header(r, bytes, n))
        return refuse(&r->trap);
    TRY(check_size(r, n));
    return start(r) ? NULL : refuse(&r->trap);
}

struct status *jpeg_open(const void *bytes, size_t n, const struct jpeg_decoding *d,
                         struct jpeg_reader **to, struct jpeg_size *size)
{
    struct jpeg_reader *r;
    TRY(load());
    NEED(r = mem_new(struct jpeg_reader));
    r->how = *d;
    struct status *st = begin(r, bytes, n);
    if (st) {
        jpeg_close(r);
        return st;
    }
    *size = (struct jpeg_size){ r->c.output_height, r->c.output_width, r->channels };
    *to = r;
    return NULL;
}

/* Adobe's files hold the inks inverted, which makes them products of light. */
static void light_of_inks(struct jpeg_reader *r, const unsigned char *from, int64_t n,
                          unsigned char *to)
{
    bool inverted = r->c.saw_Adobe_marker;
    for (int64_t i = 0; i < n; i++, from += 4, to += r->channels) {
        int k = from[3], rgb[3];
        for (int j = 0; j < 3; j++)
            rgb[j] = inverted ? k * from[j] / 255 : (255 - k) * (255 - from[j]) / 255;
        if (r->channels == 1)
            to[0] = (unsigned char)((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
        for (int j = 0; j < 3 && r->channels == 3; j++)
            to[j] = (unsigned char)rgb[j];
    }
}

struct window { int64_t y, x, height, width; unsigned char *pixels; };

static void put_row(struct jpeg_reader *r, const struct window *w, const unsigned char *row)
{
    int64_t line = w->width * r->channels;
    unsigned char *to = w->pixels + (r->row - w->y) * line;
    if (r->row < w->y)
        return;
    if (is_cmyk(r))
        light_of_inks(r, row + 4 * w->x, w->width, to);
    else
        memcpy(to, row + w->x * r->channels, (size_t)line);
}

static bool read_rows(struct jpeg_reader *r, const struct window *w, unsigned char *row)
{
    if (setjmp(r->trap.at))
        return (double)r->row >= r->how.fraction * (double)r->c.output_height;
    for (; r->row < w->y + w->height; r->row++) {
        jpeg.read_scanlines(&r->c, &row, 1);
        put_row(r, w, row);
    }
    return true;
}

struct status *jpeg_read(struct jpeg_reader *r, int64_t y, int64_t x, int64_t height,
                         int64_t width, unsigned char *pixels)
{
    struct window w = { y, x, height, width, pixels };
    unsigned char *row = mem_alloc((size_t)r->c.output_width * (size_t)r->c.output_components);
    NEED(row);
    bool ok = read_rows(r, &w, row);
    mem_free(row);
    if (!ok)
        return refuse(&r->trap);
    int64_t done = r->row > y ? r->row - y : 0, line = width * r->channels;
    memset(pixels + done * line, 0, (size_t)((height - done) * line));
    return NULL;
}

void jpeg_close(struct jpeg_reader *r)
{
    if (r)
        jpeg.destroy((j_common_ptr)&r->c);
    mem_free(r);
}

struct status *jpeg_measure(const void *bytes, size_t n, struct jpeg_size *size)
{
    struct jpeg_reader *r;
    TRY(load());
    NEED(r = mem_new(struct jpeg_reader));
    r->how.ratio = 1;
    trap_init(&r->trap);
    r->c.err = &r->trap.manager;
    struct status *st = read_header(r, bytes, n) ? NULL : refuse(&r->trap);
    *size = (struct jpeg_size){ r->c.image_height, r->c.image_width, r->c.num_components };
    jpeg_close(r);
    return st;
}

/* ---- writing ---- */

enum { PIECE = 1 << 14 };

struct writer {
    struct trap trap;
    struct jpeg_compress_struct c;
    struct jpeg_destination_mgr destination;
    struct str *to;
    JOCTET piece[PIECE];
};

static void on_start(j_compress_ptr c)
{
    struct writer *w = c->client_data;
    w->destination.next_output_byte = w->piece;
    w->destination.free_in_buffer = PIECE;
}

static boolean on_full(j_compress_ptr c)
{
    struct writer *w = c->client_data;
    str_add(w->to, (const char *)w->piece, PIECE);
    on_start(c);
    return TRUE;
}

static void on_end(j_compress_ptr c)
{
    struct writer *w = c->client_data;
    str_add(w->to, (const char *)w->piece, PIECE - w->destination.free_in_buffer);
}

static void set_options(struct writer *w, const struct jpeg_encoding *e)
{
    jpeg.set_defaults(&w->c);
    jpeg.set_quality(&w->c, e->quality, TRUE);
    w->c.optimize_coding = e->optimize;
    w->c.density_unit = e->per_cm ? 2 : 1;
    w->c.X_density = (UINT16)e->x_density;
    w->c.Y_density = (UINT16)e->y_density;
    if (e->progressive)
        jpeg.simple_progression(&w->c);
    for (int i = 0; i < w->c.num_components && !e->downsample; i++)
        w->c.comp_info[i].h_samp_factor = w->c.comp_info[i].v_samp_factor = 1;
}

/* XMP has a marker of its own, which its address begins, NUL included. */
static struct status *xmp_segment(const struct jpeg_encoding *e, struct str *s)
{
    static const char address[] = "http://ns.adobe.com/xap/1.0/";
    if (e->n_xmp)
        str_add(s, address, sizeof address);
    str_add(s, e->xmp, e->n_xmp);
    ENSURE(s->n <= 65533, "xmp_metadata of %zu bytes is too long for a JPEG file", e->n_xmp);
    return s->failed ? status_no_memory() : NULL;
}

static bool write_all(struct writer *w, const unsigned char *pixels, const struct jpeg_size *size,
                      const struct jpeg_encoding *e, const struct str *xmp)
{
    if (setjmp(w->trap.at))
        return false;
    jpeg.CreateCompress(&w->c, JPEG_LIB_VERSION, sizeof w->c);
    w->c.client_data = w;
    w->c.dest = &w->destination;
    w->destination = (struct jpeg_destination_mgr){ .init_destination = on_start,
        .empty_output_buffer = on_full, .term_destination = on_end };
    w->c.image_height = (JDIMENSION)size->height;
    w->c.image_width = (JDIMENSION)size->width;
    w->c.input_components = size->channels;
    w->c.in_color_space = size->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    set_options(w, e);
    jpeg.start_compress(&w->c, TRUE);
    if (xmp->n)
        jpeg.write_marker(&w->c, JPEG_APP0 + 1, (const JOCTET *)xmp->text, (unsigned)xmp->n);
    while (w->c.next_scanline < w->c.image_height) {
        JSAMPROW row = (JSAMPROW)pixels + (size_t)w->c.next_scanline * (size_t)size->width *
                       (size_t)size->channels;
        jpeg.write_scanlines(&w->c, &row, 1);
    }
    jpeg.finish_compress(&w->c);
    return true;
}

static struct status *encode(struct writer *w, const unsigned char *pixels,
                             const struct jpeg_size *size, const struct jpeg_encoding *e,
                             struct str *xmp)
{
    TRY(xmp_segment(e, xmp));
    trap_init(&w->trap);
    w->c.err = &w->trap.manager;
    bool ok = write_all(w, pixels, size, e, xmp);
    jpeg.destroy((j_common_ptr)&w->c);
    if (!ok)
        return refuse(&w->trap);
    return w->to->failed ? status_no_memory() : NULL;
}

struct status *jpeg_encode(const unsigned char *pixels, const struct jpeg_size *size,
                           const struct jpeg_encoding *e, struct str *to)
{
    struct writer *w;
    struct str xmp = { 0 };
    TRY(load());
    NEED(w = mem_new(struct writer));
    w->to = to;
    struct status *st = encode(w, pixels, size, e, &xmp);
    str_free(&xmp);
    mem_free(w);
    return st;
}
