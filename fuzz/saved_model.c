/* saved_model.c - any bytes as the saved_model.pb of a directory: an error or a model, never
 * anything else. It is read and not run: what a graph computes is its author's. */
#include "io/file.h"
#include "model/saved_model.h"
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = P_tmpdir "/weft-fuzz-XXXXXX", file[64];

static void remove_folder(void)
{
    remove(file);
    remove(dir);
}

static struct status *prepare(void)
{
    TRY(ops_init());
    if (*file)
        return NULL;
    if (!mkdtemp(dir))
        return file_error(dir);
    snprintf(file, sizeof file, "%s/" MODEL_FILE, dir);
    atexit(remove_folder);
    return NULL;
}

static struct status *read_as_model(const uint8_t *data, size_t size)
{
    struct saved_model *m;
    FILE *f = fopen(file, "wb");
    if (!f)
        return file_error(file);
    fwrite(data, 1, size, f);
    fclose(f);
    TRY(saved_model_open(dir, (struct tag_list){ 0 }, MODEL_READ, NULL, &m));
    saved_model_free(m);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct status *st = prepare();
    if (!st)
        st = read_as_model(data, size);
    status_free(st);
    return 0;
}
