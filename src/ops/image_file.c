/* image_file.c - images to and from files' bytes: DecodeJpeg, DecodeAndCropJpeg, DecodePng,
 * DecodeGif, DecodeBmp, ExtractJpegShape, EncodeJpeg, EncodeJpegVariableQuality, EncodePng. TF: the
 * first four take JPEG, PNG and GIF, whatever they are called. */
#include "graph/graph.h"
#include "io/gif.h"
#include "io/jpeg.h"
#include "io/png.h"
#include "op/kernel.h"
#include "tensor/tstring.h"

#include <ctype.h>
#include <stdio.h>

/* ---- decoding ---- */

struct decode {
    struct jpeg_decoding jpeg;          /* its channels are those of the other formats too */
    enum dtype dtype;
    bool frames, crop;                  /* frames: the output is of a GIF's four dimensions */
};

static struct status *check_channels(int64_t channels)
{
    ENSURE(channels == 0 || channels == 1 || channels == 3 || channels == 4,
           "channels must be 0, 1, 3, or 4, got %lld", (long long)channels);
    return NULL;
}

static struct status *image_shape(struct shape_ctx *c)
{
    int64_t channels = node_attr(c->node, "channels");
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(check_channels(channels));
    if (c->n_in > 1)
        TRY(shape_want_rank(shape_in(c, 1), 1));
    *shape_out(c, 0) = SHAPE(-1, -1, channels ? channels : -1);
    if (c->n_in == 1)
        return NULL;
    const struct tensor *window = shape_in_value(c, 1);
    if (!window)
        return NULL;
    ENSURE(window->shape.rank == 1 && window->shape.dim[0] == 4, "crop_size must have four "
           "elements %s", SHAPE_STR(&window->shape));
    for (int i = 0; i < 2; i++)                 /* height and width stand behind the corner */
        shape_out(c, 0)->dim[i] = tensor_int(window, 2 + i) > 0 ? tensor_int(window, 2 + i) : -1;
    return NULL;
}

static struct status *gif_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    *shape_out(c, 0) = SHAPE(-1, -1, -1, 3);
    return NULL;
}

static struct status *decode_new(struct prep *p, struct decode **d)
{
    TRY(prep_state(p, sizeof **d, d));
    (*d)->jpeg = (struct jpeg_decoding){ .channels = (int)node_attr(p->node, "channels"),
                                         .ratio = 1, .smooth = true, .fraction = 1 };
    (*d)->dtype = DT_UINT8;
    return check_channels(node_attr(p->node, "channels"));
}

static struct status *png_prepare(struct prep *p)
{
    struct decode *d;
    TRY(decode_new(p, &d));
    d->dtype = node_attr_type(p->node, "dtype");
    return NULL;
}

static struct status *gif_prepare(struct prep *p)
{
    struct decode *d;
    TRY(decode_new(p, &d));
    d->frames = true;
    return NULL;
}

/* TF: the quick transform, unless the slow one is asked for by name. */
static struct status *jpeg_prepare(struct prep *p)
{
    const char *dct = node_attr_string(p->node, "dct_method");
    int64_t ratio = node_attr(p->node, "ratio");
    struct decode *d;
    TRY(decode_new(p, &d));
    ENSURE(ratio == 1 || ratio == 2 || ratio == 4 || ratio == 8,
           "ratio must be 1, 2, 4, or 8, got %lld", (long long)ratio);
    ENSURE(!*dct || !strcmp(dct, "INTEGER_FAST") || !strcmp(dct, "INTEGER_ACCURATE"),
           "dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}");
    d->jpeg.ratio = (int)ratio;
    d->jpeg.smooth = node_attr(p->node, "fancy_upscaling");
    d->jpeg.recover = node_attr(p->node, "try_recover_truncated");
    d->jpeg.fraction = node_attr_float(p->node, "acceptable_fraction");
    d->jpeg.accurate = !strcmp(dct, "INTEGER_ACCURATE");
    d->crop = p->node->n_in > 1;
    return NULL;
}

static struct status *decode_bmp_prepare(struct prep *p)
{
    struct decode *d;
    return decode_new(p, &d);
}

static struct status *new_image(struct kernel *k, int64_t h, int64_t w, int64_t channels)
{
    const struct decode *d = k->state;
    return kernel_new(k, 0, d->dtype, d->frames ? &SHAPE(1, h, w, channels)
                                                : &SHAPE(h, w, channels));
}

/* ---- PNG ---- */

static struct status *decode_png(struct kernel *k, const char *bytes, size_t n)
{
    const struct decode *d = k->state;
    struct png_reader *r;
    struct png_size size;
    TRY(png_open(bytes, n, d->jpeg.channels, d->dtype == DT_UINT16 ? 16 : 8, &r, &size));
    struct status *st = new_image(k, size.height, size.width, size.channels);
    if (!st)
        st = png_read(r, kernel_out(k, 0)->data);
    png_close(r);
    return st;
}

/* ---- JPEG ---- */

/* The window asked for, which must lie in the image; or all of it. */
static struct status *crop_window(struct kernel *k, const struct jpeg_size *s, int64_t w[4])
{
    const struct decode *d = k->state;
    w[0] = w[1] = 0;
    w[2] = s->height;
    w[3] = s->width;
    if (!d->crop)
        return NULL;
    const struct tensor *t = kernel_in(k, 1);
    ENSURE(t->shape.rank == 1, "crop_window must be 1-D, got shape %s", SHAPE_STR(&t->shape));
    ENSURE(t->shape.dim[0] == 4, "crop_size must have four elements %s", SHAPE_STR(&t->shape));
    for (int i = 0; i < 4; i++)
        w[i] = tensor_int(t, i);
    ENSURE(w[0] >= 0 && w[1] >= 0 && w[2] > 0 && w[3] > 0 && w[0] + w[2] <= s->height &&
           w[1] + w[3] <= s->width, "crop window [%lld,%lld,%lld,%lld] is not in %lld by %lld",
           (long long)w[0], (long long)w[1], (long long)w[2], (long long)w[3],
           (long long)s->height, (long long)s->width);
    return NULL;
}

static struct status *read_jpeg(struct kernel *k, struct jpeg_reader *r,
                                const struct jpeg_size *size)
{
    int64_t w[4];
    TRY(crop_window(k, size, w));
    TRY(new_image(k, w[2], w[3], size->channels));
    return jpeg_read(r, w[0], w[1], w[2], w[3], kernel_out(k, 0)->data);
}

/* TensorFlow's words, and then what is wrong. */
static struct status *jpeg_complaint(struct status *st, size_t n)
{
    return status_code(st) == INVALID_ARGUMENT
           ? status_prefix(st, "Invalid JPEG data or crop window, data size %zu: ", n) : st;
}

static struct status *decode_jpeg(struct kernel *k, const char *bytes, size_t n)
{
    const struct decode *d = k->state;
    struct jpeg_reader *r = NULL;
    struct jpeg_size size;
    ENSURE(d->jpeg.channels != 4, "channels must be 0, 1, or 3 for JPEG, got 4");
    struct status *st = jpeg_open(bytes, n, &d->jpeg, &r, &size);
    if (!st)
        st = read_jpeg(k, r, &size);
    if (r)
        jpeg_close(r);
    return jpeg_complaint(st, n);
}

/* ---- GIF ---- */

static struct status *read_gif(struct kernel *k, struct gif *g, const struct gif_size *s)
{
    const struct decode *d = k->state;
    ENSURE(d->frames || s->frames == 1, "Got %lld frames, but animated gifs can only be decoded by "
           "tf.image.decode_gif or tf.image.decode_image", (long long)s->frames);
    TRY(kernel_new(k, 0, DT_UINT8, d->frames ? &SHAPE(s->frames, s->height, s->width, 3)
                                             : &SHAPE(s->height, s->width, 3)));
    return gif_read(g, kernel_out(k, 0)->data);
}

static struct status *decode_gif(struct kernel *k, const char *bytes, size_t n)
{
    const struct decode *d = k->state;
    struct gif *g = NULL;
    struct gif_size size;
    ENSURE(d->jpeg.channels == 0 || d->jpeg.channels == 3,
           "channels must be 0 or 3 for GIF, got %d", d->jpeg.channels);
    struct status *st = gif_open(bytes, n, &g, &size);
    if (!st)
        st = read_gif(k, g, &size);
    gif_close(g);
    return status_code(st) == INVALID_ARGUMENT
           ? status_prefix(st, "Invalid GIF data (size %zu), ", n) : st;
}

/* ---- by what the bytes begin with ---- */

static bool begins(const char *bytes, size_t n, const char *with)
{
    return n >= strlen(with) && !memcmp(bytes, with, strlen(with));
}

static struct status *unknown_format(const char *bytes, size_t n)
{
    char text[16 * 4 + 1] = "", *to = text;
    for (size_t i = 0; i < n && i < 16; i++)
        to += sprintf(to, isprint((unsigned char)bytes[i]) ? "%c" : "\\%03o",
                      (unsigned char)bytes[i]);
    if (!n)
        return status_new(INVALID_ARGUMENT,
                          "Expected image (JPEG, PNG, or GIF), got empty file");
    return status_new(INVALID_ARGUMENT, "Expected image (JPEG, PNG, or GIF), got unknown format "
                      "starting with '%s'", text);
}

static struct status *contents(struct kernel *k, const char **bytes, size_t *n)
{
    const struct tensor *t = kernel_in(k, 0);
    ENSURE(t->shape.rank == 0, "contents must be scalar, got shape %s", SHAPE_STR(&t->shape));
    *bytes = tstring_data(t->data);
    *n = tstring_len(t->data);
    ENSURE(*n <= INT32_MAX, "contents are too large for int: %zu", *n);
    return NULL;
}

static struct status *decode_image(struct kernel *k)
{
    const struct decode *d = k->state;
    const char *bytes;
    size_t n;
    TRY(contents(k, &bytes, &n));
    if (begins(bytes, n, "\x89PNG\r\n\x1a\n"))
        return decode_png(k, bytes, n);
    bool is_jpeg = begins(bytes, n, "\xff\xd8\xff"), is_gif = begins(bytes, n, "GIF8");
    if (!is_jpeg && !is_gif)
        return unknown_format(bytes, n);
    ENSURE(d->dtype == DT_UINT8, "%s does not support uint16 output", is_jpeg ? "JPEG" : "GIF");
    return (is_jpeg ? decode_jpeg : decode_gif)(k, bytes, n);
}

static struct status *jpeg_shape_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    *shape_out(c, 0) = SHAPE(3);
    return NULL;
}

static struct status *jpeg_shape_prepare(struct prep *p)
{
    enum dtype *t;
    TRY(prep_state(p, sizeof *t, &t));
    *t = node_attr_type(p->node, "output_type");
    return NULL;
}

static struct status *extract_jpeg_shape(struct kernel *k)
{
    const char *bytes;
    size_t n;
    struct jpeg_size s;
    TRY(contents(k, &bytes, &n));
    TRY(jpeg_complaint(jpeg_measure(bytes, n, &s), n));
    TRY(kernel_new(k, 0, *(const enum dtype *)k->state, &SHAPE(3)));
    tensor_set_double(kernel_out(k, 0), 0, (double)s.height);
    tensor_set_double(kernel_out(k, 0), 1, (double)s.width);
    tensor_set_double(kernel_out(k, 0), 2, s.channels);
    return NULL;
}

/* ---- BMP ---- */

static int32_t le32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return (int32_t)((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
                     (uint32_t)b[3] << 24);
}

struct bmp { int64_t at, height, width, channels, row; bool down; };

static struct status *bmp_header(const char *bytes, size_t n, int64_t channels, struct bmp *b)
{
    ENSURE(n >= 32, "Incomplete bmp content, requires at least 32 bytes to find the header size, "
           "width, height, and bpp, got %zu bytes", n);
    ENSURE(begins(bytes, n, "BM"), "Expected image (BMP), got something else");
    int64_t height = le32(bytes + 22), bits = (uint16_t)le32(bytes + 28);
    *b = (struct bmp){ .at = le32(bytes + 10), .height = height < 0 ? -height : height,
                       .width = le32(bytes + 18), .channels = channels ? channels : bits / 8,
                       .down = height < 0 };
    ENSURE(b->channels * 8 == bits, "channels attribute %lld does not match bits per pixel from "
           "file %lld", (long long)channels, (long long)bits);
    ENSURE(b->channels == 1 || b->channels == 3 || b->channels == 4,
           "Number of channels must be 1, 3 or 4, was %lld", (long long)b->channels);
    ENSURE(b->width > 0 && b->height > 0 && b->at >= 0,
           "Width and height must be positive, got %lld by %lld", (long long)b->width,
           (long long)b->height);
    b->row = (b->channels * b->width + 3) / 4 * 4;
    ENSURE(b->height <= ((int64_t)n - b->at) / b->row,
           "Incomplete bmp content, requires at least %llu bytes, got %zu bytes",
           (unsigned long long)b->at + (unsigned long long)b->row * (uint64_t)b->height, n);
    return NULL;
}

/* Blue comes first, alpha last; the lowest row first unless the height is negative. */
static void bmp_row(const struct bmp *b, const unsigned char *from, unsigned char *to)
{
    for (int64_t x = 0; x < b->width; x++, from += b->channels, to += b->channels)
        for (int j = 0; j < b->channels; j++)
            to[j] = from[b->channels >= 3 && j < 3 ? 2 - j : j];
}

static struct status *decode_bmp(struct kernel *k)
{
    const struct decode *d = k->state;
    const char *bytes;
    size_t n;
    struct bmp b;
    TRY(contents(k, &bytes, &n));
    TRY(bmp_header(bytes, n, d->jpeg.channels, &b));
    TRY(new_image(k, b.height, b.width, b.channels));
    for (int64_t y = 0; y < b.height; y++)
        bmp_row(&b, (const unsigned char *)bytes + b.at + (b.down ? y : b.height - 1 - y) * b.row,
                (unsigned char *)kernel_out(k, 0)->data + y * b.width * b.channels);
    return NULL;
}

/* ---- encoding ---- */

static struct status *encode_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 3));
    return shape_scalar(c);
}

static struct status *put_file(struct kernel *k, struct str *file, struct status *st)
{
    if (!st)
        st = kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR);
    if (!st && !tstring_set(kernel_out(k, 0)->data, str_text(file), file->n))
        st = status_no_memory();
    str_free(file);
    return st;
}

struct encode_png { int compression, bits; };

static struct status *encode_png_prepare(struct prep *p)
{
    struct encode_png *e;
    int64_t compression = node_attr(p->node, "compression");
    TRY(prep_state(p, sizeof *e, &e));
    ENSURE(compression >= -1 && compression <= 9, "compression should be in [-1,9], got %lld",
           (long long)compression);
    e->compression = (int)compression;
    e->bits = node_attr_type(p->node, "T") == DT_UINT16 ? 16 : 8;
    return NULL;
}

static struct status *encode_png(struct kernel *k)
{
    const struct encode_png *e = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct str file = { 0 };
    const int64_t *dim = x->shape.dim;
    ENSURE(x->shape.rank == 3, "image must be 3-dimensional%s", SHAPE_STR(&x->shape));
    ENSURE(tensor_count(x) > 0 || dim[2] == 0, "image cannot be empty, got shape %s",
           SHAPE_STR(&x->shape));
    ENSURE(dim[2] >= 1 && dim[2] <= 4, "image must have 1, 2, 3, or 4 channels, got %lld",
           (long long)dim[2]);
    return put_file(k, &file, png_encode(x->data, dim[0], dim[1], (int)dim[2], e->bits,
                                         e->compression, &file));
}

struct encode_jpeg { struct jpeg_encoding how; int channels; };     /* 0: as the image has them */

static struct status *encode_jpeg_prepare(struct prep *p)
{
    const struct node *n = p->node;
    const char *format = node_attr_string(n, "format");
    const struct text *xmp = &node_attr_find(n, "xmp_metadata")->text;
    int64_t quality = node_attr(n, "quality");
    struct encode_jpeg *e;
    TRY(prep_state(p, sizeof *e, &e));
    ENSURE(quality >= 0 && quality <= 100, "quality must be in [0,100], got %lld",
           (long long)quality);
    e->channels = *format == 'g' ? 1 : *format == 'r' ? 3 : 0;
    e->how = (struct jpeg_encoding){
        .quality = (int)quality, .progressive = node_attr(n, "progressive"),
        .optimize = node_attr(n, "optimize_size"),
        .downsample = node_attr(n, "chroma_downsampling"),
        .per_cm = !strcmp(node_attr_string(n, "density_unit"), "cm"),
        .x_density = (int)node_attr(n, "x_density"), .y_density = (int)node_attr(n, "y_density"),
        .xmp = xmp->s, .n_xmp = xmp->n };
    return NULL;
}

static struct status *put_jpeg(struct kernel *k, const struct encode_jpeg *e)
{
    const struct tensor *x = kernel_in(k, 0);
    const int64_t *dim = x->shape.dim;
    struct str file = { 0 };
    ENSURE(x->shape.rank == 3, "image must be 3-dimensional[height, width, channels], got shape %s",
           SHAPE_STR(&x->shape));
    ENSURE(e->channels || dim[2] == 1 || dim[2] == 3, "image must have 1 or 3 channels, got shape "
           "%s", SHAPE_STR(&x->shape));
    ENSURE(!e->channels || dim[2] == e->channels, "format '%s' expects %d channel%s, got shape %s",
           e->channels == 1 ? "grayscale" : "rgb", e->channels, e->channels == 1 ? "" : "s",
           SHAPE_STR(&x->shape));
    struct jpeg_size size = { dim[0], dim[1], (int)dim[2] };
    ENSURE(dim[0] > 0 && dim[1] > 0 && dim[0] <= 65500 && dim[1] <= 65500,
           "JPEG encoding failed: an image of shape %s cannot be", SHAPE_STR(&x->shape));
    return put_file(k, &file, jpeg_encode(x->data, &size, &e->how, &file));
}

static struct status *encode_jpeg(struct kernel *k)
{
    return put_jpeg(k, k->state);
}

static struct status *variable_quality_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return encode_shape(c);
}

static struct status *encode_jpeg_variable_quality(struct kernel *k)
{
    const struct tensor *quality = kernel_in(k, 1);
    ENSURE(quality->shape.rank == 0, "quality must be scalar: %s", SHAPE_STR(&quality->shape));
    int64_t q = tensor_int(quality, 0);
    ENSURE(q >= 0 && q <= 100, "quality must be in [0,100], got %lld", (long long)q);
    return put_jpeg(k, &(struct encode_jpeg){ .how = {
        .quality = (int)q, .downsample = true, .x_density = 300, .y_density = 300 } });
}

#define JPEG_ATTRS "channels: int = 0; ratio: int = 1; fancy_upscaling: bool = true; "        \
                   "try_recover_truncated: bool = false; acceptable_fraction: float = 1.0; "    \
                   "dct_method: string = \"\""

const struct op ops_image_file[] = {
    { .name = "DecodeJpeg", .inputs = "contents: string", .outputs = "image: uint8",
      .attrs = JPEG_ATTRS, .doc = "The pixels of a JPEG file.",
      .shape = image_shape, .grad = NO_GRADIENT, .prepare = jpeg_prepare,
      .kernel_any = decode_image, .flags = OP_EXPENSIVE },
    { .name = "DecodeAndCropJpeg", .inputs = "contents: string, crop_window: int32",
      .outputs = "image: uint8", .attrs = JPEG_ATTRS,
      .doc = "The pixels of a JPEG file in a window of row, column, height and width.",
      .shape = image_shape, .grad = NO_GRADIENT, .prepare = jpeg_prepare,
      .kernel_any = decode_image, .flags = OP_EXPENSIVE },
    { .name = "DecodePng", .inputs = "contents: string", .outputs = "image: dtype",
      .attrs = "channels: int = 0; dtype: {uint8, uint16} = uint8",
      .doc = "The pixels of a PNG file.",
      .shape = image_shape, .grad = NO_GRADIENT, .prepare = png_prepare,
      .kernel_any = decode_image, .flags = OP_EXPENSIVE },
    { .name = "DecodeGif", .inputs = "contents: string", .outputs = "image: uint8",
      .doc = "The pixels of all frames of a GIF file.",
      .shape = gif_shape, .grad = NO_GRADIENT, .prepare = gif_prepare,
      .kernel_any = decode_image, .flags = OP_EXPENSIVE },
    { .name = "DecodeBmp", .inputs = "contents: string", .outputs = "image: uint8",
      .attrs = "channels: int = 0", .doc = "The pixels of a BMP file that is not compressed.",
      .shape = image_shape, .grad = NO_GRADIENT, .prepare = decode_bmp_prepare,
      .kernel_any = decode_bmp },
    { .name = "ExtractJpegShape", .inputs = "contents: string",
      .outputs = "image_shape: output_type", .attrs = "output_type: {int32, int64} = int32",
      .doc = "Height, width and channels of a JPEG file, whose pixels are not decoded.",
      .shape = jpeg_shape_shape, .grad = NO_GRADIENT, .prepare = jpeg_shape_prepare,
      .kernel_any = extract_jpeg_shape },
    { .name = "EncodeJpeg", .inputs = "image: uint8", .outputs = "contents: string",
      .attrs = "format: {\"\", \"grayscale\", \"rgb\"} = \"\"; quality: int = 95; "
               "progressive: bool = false; optimize_size: bool = false; "
               "chroma_downsampling: bool = true; density_unit: {\"in\", \"cm\"} = \"in\"; "
               "x_density: int = 300; y_density: int = 300; xmp_metadata: string = \"\"",
      .doc = "A JPEG file of pixels.", .shape = encode_shape, .grad = NO_GRADIENT,
      .prepare = encode_jpeg_prepare, .kernel_any = encode_jpeg, .flags = OP_EXPENSIVE },
    { .name = "EncodeJpegVariableQuality", .inputs = "images: uint8, quality: int32",
      .outputs = "contents: string", .doc = "A JPEG file of pixels, of a quality of 0 to 100.",
      .shape = variable_quality_shape, .grad = NO_GRADIENT,
      .kernel_any = encode_jpeg_variable_quality, .flags = OP_EXPENSIVE },
    { .name = "EncodePng", .inputs = "image: T", .outputs = "contents: string",
      .attrs = "compression: int = -1; T: {uint8, uint16} = uint8",
      .doc = "A PNG file of pixels.", .shape = encode_shape, .grad = NO_GRADIENT,
      .prepare = encode_png_prepare, .kernel_any = encode_png, .flags = OP_EXPENSIVE },
    { 0 }
};
