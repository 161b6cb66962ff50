package io.gibbon.topology.internals;

import java.net.URI;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads settings from text, remembering which keys there are. Every error names the key. */
public final class Settings {

  private static final Pattern TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,200}");

  private final Map<String, String> left;
  private final Map<String, String> prefixed;
  private final Set<String> known = new TreeSet<>();

  /** Settings of which those with a prefix are somebody else's. */
  public Settings(Map<String, String> settings, String prefix) {
    prefixed =
        settings.entrySet().stream()
            .filter(entry -> entry.getKey().startsWith(prefix))
            .collect(
                Collectors.toMap(
                    entry -> entry.getKey().substring(prefix.length()), Map.Entry::getValue));
    left = new HashMap<>(settings);
    left.keySet().removeIf(key -> key.startsWith(prefix));
  }

  /** Those with the prefix, without it. */
  public Map<String, String> prefixed() {
    return prefixed;
  }

  /** A text, or its default. */
  public String text(String key, String fallback) {
    return optional(key).orElse(fallback);
  }

  /** A text, if it is set. */
  public Optional<String> optional(String key) {
    known.add(key);
    return Optional.ofNullable(left.remove(key)).filter(value -> !value.isBlank());
  }

  /** A whole number. */
  public long number(String key, long fallback) {
    return number(key, fallback, Long.MIN_VALUE, Long.MAX_VALUE);
  }

  /** A whole number within limits, both included. */
  public long number(String key, long fallback, long min, long max) {
    long number = read(key, fallback, Long::parseLong, "a whole number");
    within(key, number, min, max);
    return number;
  }

  /** A whole number of 32 bits. */
  public int integer(String key, int fallback) {
    return (int) number(key, fallback, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /** ISO 8601 or milliseconds. */
  public Duration duration(String key, Duration fallback) {
    return read(key, fallback, Settings::duration, "a duration such as PT1H");
  }

  private static Duration duration(String text) {
    boolean millis = text.chars().allMatch(c -> c >= '0' && c <= '9');
    return millis ? Duration.ofMillis(Long.parseLong(text)) : Duration.parse(text);
  }

  /** Addresses, separated by commas; none if it is not set. */
  public List<URI> uris(String key) {
    return read(key, List.of(), Settings::addresses, "addresses separated by commas");
  }

  private static List<URI> addresses(String text) {
    return Arrays.stream(text.split(",")).map(String::strip).map(URI::create).toList();
  }

  /** One of an enum's constants, in any case. */
  public <E extends Enum<E>> E choice(String key, E fallback) {
    Class<E> type = fallback.getDeclaringClass();
    String names = Set.of(type.getEnumConstants()).toString().toLowerCase(Locale.ROOT);
    return read(
        key,
        fallback,
        text -> Enum.valueOf(type, text.toUpperCase(Locale.ROOT)),
        "one of " + names);
  }

  private <T> T read(String key, T fallback, Function<String, T> parse, String expected) {
    Optional<String> text = optional(key);
    try {
      return text.map(parse).orElse(fallback);
    } catch (IllegalArgumentException | DateTimeParseException e) {
      throw new IllegalArgumentException(
          "%s: \"%s\" is not %s".formatted(key, text.orElse(""), expected), e);
    }
  }

  /**
   * Refuses keys that nothing has asked for.
   *
   * @throws IllegalArgumentException naming the key and the nearest known one
   */
  public void refuseUnknown() {
    left.keySet().stream()
        .sorted()
        .findFirst()
        .ifPresent(
            key -> {
              throw new IllegalArgumentException(
                  "%s is not a setting of the topology; did you mean %s?"
                      .formatted(key, nearest(key)));
            });
  }

  private String nearest(String key) {
    return known.stream()
        .min(Comparator.comparingInt(candidate -> distance(key, candidate)))
        .orElse("");
  }

  /** Levenshtein's edit distance. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }

  /** Holds a number to its limits. */
  public static void within(String key, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          "%s: %d is not within %d and %d".formatted(key, value, min, max));
    }
  }

  /** Holds a duration to more than nothing. */
  public static void positive(String key, Duration value) {
    if (value.toMillis() < 1) {
      throw new IllegalArgumentException("%s: %s is not a positive duration".formatted(key, value));
    }
  }

  /** Holds an address to what HTTP clients take. */
  public static void http(String key, URI value) {
    boolean http = "http".equals(value.getScheme()) || "https".equals(value.getScheme());
    if (!http || value.getHost() == null) {
      throw new IllegalArgumentException(
          "%s: \"%s\" is not an http or https address".formatted(key, value));
    }
  }

  /** Holds a name to what Kafka takes for topics and groups. */
  public static void name(String key, String value) {
    if (!TOPIC.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "%s: \"%s\" is not 1 to 200 letters, digits, dots, dashes and underscores"
              .formatted(key, value));
    }
  }
}
