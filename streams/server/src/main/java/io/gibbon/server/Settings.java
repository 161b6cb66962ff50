package io.gibbon.server;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Reads typed values from keys and text and remembers which keys exist. */
final class Settings {

  private final Map<String, String> settings;
  private final String prefix;
  private final Set<String> known = new HashSet<>();

  /**
   * @param prefix of keys that are handed on as they are
   */
  Settings(Map<String, String> settings, String prefix) {
    this.settings = settings;
    this.prefix = prefix;
  }

  String text(String key, String standard) {
    return read(key, standard, Function.identity(), "text");
  }

  int integer(String key, int standard) {
    return read(key, standard, Integer::valueOf, "a whole number");
  }

  double number(String key, double standard) {
    return read(key, standard, Double::valueOf, "a number");
  }

  Duration duration(String key, Duration standard) {
    return read(key, standard, Settings::duration, "a duration such as PT30S, or milliseconds");
  }

  List<String> list(String key) {
    return read(key, List.of(), Settings::split, "a list");
  }

  /** One of a few names, in lower case. */
  <T extends Enum<T>> T choice(String key, Class<T> type, T standard) {
    List<String> names =
        Arrays.stream(type.getEnumConstants()).map(c -> c.name().toLowerCase(Locale.ROOT)).toList();
    return read(
        key,
        standard,
        text -> {
          int index = names.indexOf(text.toLowerCase(Locale.ROOT));
          if (index < 0) {
            throw new NumberFormatException(text);
          }
          return type.getEnumConstants()[index];
        },
        String.join(", ", names));
  }

  /** Settings under the prefix, without it. */
  Map<String, String> prefixed() {
    Map<String, String> handed = new HashMap<>();
    settings.forEach(
        (key, value) -> {
          if (key.startsWith(prefix)) {
            handed.put(key.substring(prefix.length()), value);
          }
        });
    return handed;
  }

  /**
   * To be called when every key was read.
   *
   * @throws IllegalArgumentException naming a key that is not known and the nearest one that is
   */
  void refuseUnknown() {
    for (String key : settings.keySet()) {
      if (!key.startsWith(prefix) && !known.contains(key)) {
        throw new IllegalArgumentException(
            "unknown setting '%s'; did you mean '%s'?".formatted(key, Nearest.to(key, known)));
      }
    }
  }

  private <T> T read(String key, T standard, Function<String, T> parse, String expected) {
    known.add(key);
    String value = settings.get(key);
    if (value == null) {
      return standard;
    }
    try {
      return parse.apply(value.strip());
    } catch (NumberFormatException | DateTimeParseException e) {
      throw new IllegalArgumentException("%s must be %s, not '%s'".formatted(key, expected, value));
    }
  }

  private static Duration duration(String text) {
    return text.matches("\\d+") ? Duration.ofMillis(Long.parseLong(text)) : Duration.parse(text);
  }

  private static List<String> split(String text) {
    return Arrays.stream(text.split(",")).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }
}
