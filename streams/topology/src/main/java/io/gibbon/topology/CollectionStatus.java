package io.gibbon.topology;

/**
 * What a collection holds.
 *
 * @param collection its name
 * @param documents encoded documents
 * @param pending documents waiting to be encoded
 * @param failed documents given up
 * @param contexts encoded contexts
 * @param tokens their tokens
 */
public record CollectionStatus(
    String collection, long documents, long pending, long failed, long contexts, long tokens) {}
