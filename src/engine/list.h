/* A list of things that are linked through a member of theirs, first in, first out.
 *
 * It allocates nothing and does not know what is in it: a node leads back to its owner by the place
 * that it has there. A zeroed list is empty, a zeroed node in no list. */
#ifndef WSLOAD_ENGINE_LIST_H
#define WSLOAD_ENGINE_LIST_H

#include <stddef.h>

struct list_node {
    struct list_node *next; /* NULL: in no list; the last one's is itself */
};

struct list {
    struct list_node *first;
    struct list_node *last; /* undefined when there is no first */
};

/* The TYPE whose MEMBER the node NODE is. */
#define LIST_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Appends NODE, unless it is in a list already. */
static inline void list_append(struct list *list, struct list_node *node)
{
    if (node->next)
        return;
    node->next = node;
    if (list->first)
        list->last->next = node;
    else
        list->first = node;
    list->last = node;
}

/* Takes the first one off; NULL when there is none. */
static inline struct list_node *list_take(struct list *list)
{
    struct list_node *node = list->first;
    if (!node)
        return NULL;
    list->first = node->next == node ? NULL : node->next;
    node->next = NULL;
    return node;
}

#endif
