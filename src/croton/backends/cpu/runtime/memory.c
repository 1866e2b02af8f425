/* Blocks for temporaries and for large results.
 *
 * Small blocks live in a free list of the ctx. Large ones come from the system by mmap, with the hint for huge pages,
 * and are kept in one cache of the process, since fresh pages cost more to fault in than most loops take to fill them.
 * source: measured, 0.25 us per fresh 4 KB page, i.e. 0.5 ms for a result of 8 MB that takes 1 ms to compute. */
#include "runtime.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEADER = 64, LARGE = 1 << 20, HUGE = 2 << 20, LARGE_BLOCKS = 64 };
static const size_t CTX_CACHE_MAX = (size_t)4 << 20;

struct rt_block {
    size_t size; /* usable bytes after the header */
    size_t mapped;
    rt_block *previous, *next;
};

static_assert(sizeof(rt_block) <= HEADER, "the header keeps data on a 64-byte boundary");

static void *data_of(rt_block *block) { return (char *)block + HEADER; }
static rt_block *block_of(void *data) { return (rt_block *)((char *)data - HEADER); }

/* -- large blocks, shared by the process ------------------------------------------------------------------------ */
static struct {
    pthread_mutex_t lock;
    int count;
    size_t bytes, max_bytes;
    rt_block *blocks[LARGE_BLOCKS]; /* oldest first */
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static rt_block *map_block(size_t size)
{
    size_t want = size + HEADER, slack = want >= 2 * HUGE ? HUGE : 0;
    char *base = mmap(NULL, want + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return NULL;
    if (slack) {
        char *aligned = (char *)(((uintptr_t)base + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
        size_t page = (size_t)sysconf(_SC_PAGESIZE), kept = (want + page - 1) & ~(page - 1);
        if (aligned > base) munmap(base, (size_t)(aligned - base));
        char *end = base + ((want + slack + page - 1) & ~(page - 1));
        if (end > aligned + kept) munmap(aligned + kept, (size_t)(end - aligned - kept));
        base = aligned;
        want = kept;
#ifdef MADV_HUGEPAGE
        madvise(base, want, MADV_HUGEPAGE);
#endif
    }
    rt_block *block = (rt_block *)base;
    block->size = want - HEADER;
    block->mapped = want;
    return block;
}

static rt_block *cache_remove(int i)
{
    rt_block *block = cache.blocks[i];
    cache.count--;
    cache.bytes -= block->size;
    memmove(cache.blocks + i, cache.blocks + i + 1, (size_t)(cache.count - i) * sizeof *cache.blocks);
    return block;
}

static rt_block *large_alloc(size_t size)
{
    rt_block *found = NULL;
    pthread_mutex_lock(&cache.lock);
    int best = -1;
    for (int i = 0; i < cache.count; i++) {
        size_t have = cache.blocks[i]->size;
        if (have >= size && have <= size + size / 4 && (best < 0 || have < cache.blocks[best]->size)) best = i;
    }
    if (best >= 0) found = cache_remove(best);
    pthread_mutex_unlock(&cache.lock);
    return found ? found : map_block(size);
}

static void large_free(rt_block *block)
{
    rt_block *dropped[LARGE_BLOCKS + 1];
    int ndropped = 0;
    pthread_mutex_lock(&cache.lock);
    if (block->size > cache.max_bytes / 2) {
        dropped[ndropped++] = block;
    } else {
        while (cache.count && (cache.count == LARGE_BLOCKS || cache.bytes + block->size > cache.max_bytes))
            dropped[ndropped++] = cache_remove(0);
        cache.blocks[cache.count++] = block;
        cache.bytes += block->size;
    }
    pthread_mutex_unlock(&cache.lock);
    while (ndropped--) munmap(dropped[ndropped], dropped[ndropped]->mapped);
}

static void lock_cache(void) { pthread_mutex_lock(&cache.lock); }
static void unlock_cache(void) { pthread_mutex_unlock(&cache.lock); }

/* -- blocks of one ctx --------------------------------------------------------------------------------------------- */
static rt_block *small_alloc(size_t size)
{
    void *memory = NULL;
    if (posix_memalign(&memory, HEADER, size + HEADER)) return NULL;
    rt_block *block = memory;
    block->size = size;
    block->mapped = 0;
    return block;
}

static void block_free(rt_block *block)
{
    if (block->mapped)
        large_free(block);
    else
        free(block);
}

/* The best fitting free block that wastes at most a quarter and a page; NULL if there is none. */
static rt_block *take_free(rt_heap *heap, size_t size)
{
    size_t bound = size + size / 4 + 4096, best_size = bound + 1;
    int best = -1;
    for (int i = 0; i < heap->nfree; i++) {
        if (heap->sizes[i] >= size && heap->sizes[i] < best_size) {
            best = i;
            best_size = heap->sizes[i];
        }
    }
    if (best < 0) return NULL;
    rt_block *block = heap->blocks[best];
    heap->nfree--;
    heap->cached -= best_size;
    heap->blocks[best] = heap->blocks[heap->nfree];
    heap->sizes[best] = heap->sizes[heap->nfree];
    return block;
}

static void evict(rt_heap *heap)
{
    int i = heap->victim++ % heap->nfree;
    rt_block *block = heap->blocks[i];
    heap->nfree--;
    heap->cached -= heap->sizes[i];
    heap->blocks[i] = heap->blocks[heap->nfree];
    heap->sizes[i] = heap->sizes[heap->nfree];
    block_free(block);
}

static void give_free(rt_heap *heap, rt_block *block)
{
    if (block->mapped) {
        large_free(block);
        return;
    }
    while (heap->nfree && (heap->nfree == RT_FREE_BLOCKS || heap->cached + block->size > CTX_CACHE_MAX)) evict(heap);
    heap->blocks[heap->nfree] = block;
    heap->sizes[heap->nfree++] = block->size;
    heap->cached += block->size;
}

void *rt_heap_alloc(rt_heap *heap, int64_t nbytes)
{
    if (nbytes < 0 || nbytes > INT64_MAX / 4) return NULL;
    size_t size = nbytes ? ((size_t)nbytes + HEADER - 1) & ~(size_t)(HEADER - 1) : HEADER;
    rt_block *block = take_free(heap, size);
    if (!block) block = size >= LARGE ? large_alloc(size) : small_alloc(size);
    if (!block) return NULL;
    block->previous = NULL;
    block->next = heap->live;
    if (heap->live) heap->live->previous = block;
    heap->live = block;
    return data_of(block);
}

void rt_heap_free(rt_heap *heap, void *data)
{
    rt_block *block = block_of(data);
    if (block->previous)
        block->previous->next = block->next;
    else
        heap->live = block->next;
    if (block->next) block->next->previous = block->previous;
    give_free(heap, block);
}

void rt_heap_reset(rt_heap *heap)
{
    while (heap->live) rt_heap_free(heap, data_of(heap->live));
}

void rt_heap_clear(rt_heap *heap)
{
    rt_heap_reset(heap);
    while (heap->nfree) evict(heap);
}

void *rt_alloc(rt_ctx *ctx, int64_t nbytes)
{
    void *data = rt_heap_alloc(&ctx->heap, nbytes);
    if (!data) rt_fail(ctx, RT_E_MEMORY, -1, 1, &nbytes);
    return data;
}

int32_t rt_fail_memory(rt_ctx *ctx, int64_t itemsize, int32_t ndim, const int64_t *dims)
{
    int64_t details[RT_MAX_DETAILS] = {itemsize};
    int n = 1;
    for (int i = 0; i < ndim && n < RT_MAX_DETAILS; i++) details[n++] = dims[i];
    return rt_fail(ctx, RT_E_MEMORY, -1, n, details);
}

void rt_free(rt_ctx *ctx, void *block)
{
    if (block) rt_heap_free(&ctx->heap, block);
}

void rt_discard(rt_ctx *ctx, void *copy, const void *original)
{
    if (copy != original) rt_free(ctx, copy);
}

/* -- large ndarrays: NumPy asks this handler for their memory --------------------------------------------------------- */
static void *array_malloc(void *Py_UNUSED(context), size_t size)
{
    rt_block *block = large_alloc(size ? size : 1);
    return block ? data_of(block) : NULL;
}

static void array_free(void *Py_UNUSED(context), void *data, size_t Py_UNUSED(size))
{
    if (data) large_free(block_of(data));
}

static void *array_calloc(void *context, size_t count, size_t itemsize)
{
    size_t size;
    if (__builtin_mul_overflow(count, itemsize, &size)) return NULL;
    void *data = array_malloc(context, size);
    return data ? memset(data, 0, size) : NULL;
}

static void *array_realloc(void *context, void *data, size_t size)
{
    if (!data) return array_malloc(context, size);
    size_t have = block_of(data)->size;
    if (size <= have) return data;
    void *moved = array_malloc(context, size);
    if (moved) {
        memcpy(moved, data, have);
        array_free(context, data, 0);
    }
    return moved;
}

static PyDataMem_Handler handler = {
    .name = "croton",
    .version = 1,
    .allocator = {.malloc = array_malloc, .calloc = array_calloc, .realloc = array_realloc, .free = array_free},
};
static PyObject *handler_capsule;

static PyObject *new_large_array(PyArray_Descr *descr, int ndim, const int64_t *dims)
{
    PyObject *previous = PyDataMem_SetHandler(handler_capsule);
    if (!previous) return NULL;
    Py_INCREF(descr);
    PyObject *array = PyArray_NewFromDescr(&PyArray_Type, descr, ndim, (npy_intp *)dims, NULL, NULL, 0, NULL);
    PyObject *ours = PyDataMem_SetHandler(previous);
    Py_DECREF(previous);
    if (!ours) Py_CLEAR(array);
    Py_XDECREF(ours);
    return array;
}

PyObject *rt_new_array(int dtype, int ndim, const int64_t *dims)
{
    PyArray_Descr *descr = rt_descrs[dtype];
    int64_t bytes = PyDataType_ELSIZE(descr);
    for (int i = 0; i < ndim; i++) bytes = rt_times(bytes, dims[i] < 0 ? 0 : dims[i]);
    if (bytes == INT64_MAX) return PyErr_NoMemory();
    if (bytes >= LARGE) return new_large_array(descr, ndim, dims);
    Py_INCREF(descr);
    return PyArray_NewFromDescr(&PyArray_Type, descr, ndim, (npy_intp *)dims, NULL, NULL, 0, NULL);
}

int rt_memory_init(void)
{
    int64_t ram = (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
    cache.max_bytes = (size_t)rt_max((int64_t)64 << 20, rt_min(ram / 16, (int64_t)512 << 20));
    if (pthread_atfork(lock_cache, unlock_cache, unlock_cache)) return -1;
    handler_capsule = PyCapsule_New(&handler, "mem_handler", NULL);
    return handler_capsule ? 0 : -1;
}
