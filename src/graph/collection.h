/* collection.h - a graph's named lists of outputs and operations (A41-A46). */
#ifndef GRAPH_COLLECTION_H
#define GRAPH_COLLECTION_H

struct collection;

void collections_free(struct collection *c);

#endif
