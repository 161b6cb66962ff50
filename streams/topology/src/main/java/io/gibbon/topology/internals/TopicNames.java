package io.gibbon.topology.internals;

import java.util.List;
import java.util.stream.Stream;

/** Names of the topics that belong to the topology alone, below an application's id. */
public final class TopicNames {

  /** Name of the repartitioning. */
  static final String REPARTITION = "gibbon-documents";

  /** What the repartition topic's name ends with. */
  static final String REPARTITION_SUFFIX = "-" + REPARTITION + "-repartition";

  private static final List<String> STORES =
      List.of(
          Stores.PENDING,
          Stores.DOCUMENTS,
          Stores.MANIFESTS,
          Stores.PAGES,
          Stores.INDEX,
          Stores.COLLECTIONS);

  private TopicNames() {}

  /** The repartition topic. */
  public static String repartition(String applicationId) {
    return applicationId + REPARTITION_SUFFIX;
  }

  /** The changelog of a store. */
  public static String changelog(String applicationId, String store) {
    return applicationId + "-" + store + "-changelog";
  }

  /** The record of profiles; Kafka Streams reads it, but does not make it. */
  public static String profiles(String applicationId) {
    return applicationId + "-" + Profiles.STORE;
  }

  /** Every topic that Kafka Streams may make for us. */
  public static List<String> internal(String applicationId) {
    return Stream.concat(
            Stream.of(repartition(applicationId)),
            STORES.stream().map(store -> changelog(applicationId, store)))
        .toList();
  }
}
