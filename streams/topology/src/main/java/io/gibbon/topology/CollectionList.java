package io.gibbon.topology;

import java.util.List;

/**
 * Collections.
 *
 * @param collections by name
 * @param complete false if some partitions could not be asked, because they move or restore: then
 *     collections may be missing and their counts too low
 */
public record CollectionList(List<CollectionStatus> collections, boolean complete) {}
