package io.gibbon.runtime.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Tokens that a text has by name, found before it is cut into pieces. Immutable. */
final class Names {

  /** By first character, the longest first. */
  private final Map<Character, List<Name>> names = new HashMap<>();

  /** A token and how it is written. */
  record Name(String text, int token) {}

  /** The names of these tokens; empty ones are left out. */
  Names(Vocabulary vocabulary, IntStream tokens) {
    tokens
        .mapToObj(id -> new Name(vocabulary.text(id), id))
        .filter(name -> !name.text().isEmpty())
        .sorted(Comparator.comparingInt((Name name) -> name.text().length()).reversed())
        .forEach(
            name ->
                names.computeIfAbsent(name.text().charAt(0), first -> new ArrayList<>()).add(name));
  }

  /** The longest name that begins there, or null. */
  @Nullable Name at(CharSequence text, int index) {
    for (Name name : names.getOrDefault(text.charAt(index), List.of())) {
      if (startsWith(text, index, name.text())) {
        return name;
      }
    }
    return null;
  }

  private static boolean startsWith(CharSequence text, int index, String name) {
    if (name.length() > text.length() - index) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      if (text.charAt(index + i) != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
