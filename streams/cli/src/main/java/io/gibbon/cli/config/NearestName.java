package io.gibbon.cli.config;

import java.util.Collection;
import java.util.Comparator;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Finds what somebody may have meant. */
public final class NearestName {

  private NearestName() {}

  /** The known name that takes the fewest edits. */
  public static String of(String name, Collection<String> known) {
    LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
    return known.stream()
        .min(
            Comparator.comparingInt((String candidate) -> distance.apply(name, candidate))
                .thenComparing(candidate -> candidate))
        .orElseThrow();
  }
}
