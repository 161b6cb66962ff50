package io.gibbon.bench.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads files of questions: one JSON object a line. */
public final class EvalData {

  /** The most items of a file that are read. */
  public static final int MOST_ITEMS = 100_000;

  private static final long MOST_BYTES = 1L << 30;
  private static final int MOST_CHARACTERS = 8 << 20;
  private static final int MOST_CONTEXTS = 1000;
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private EvalData() {}

  /**
   * Reads the first items: {@code question}, {@code answers}, {@code contexts} with {@code text}
   * and perhaps {@code title} and {@code gold}, and perhaps {@code choices}. Empty lines are
   * skipped.
   *
   * @param limit the most items; of a file, no more than {@value #MOST_ITEMS} are read
   * @throws IllegalArgumentException if there is no such file, it is too large or holds no item, or
   *     a line is none; names line and field
   */
  public static List<EvalItem> read(Path file, int limit) throws IOException {
    requireFile(file);
    int most = Math.min(limit, MOST_ITEMS);
    List<EvalItem> items = new ArrayList<>();
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      for (int number = 1; items.size() < most; number++) {
        String where = "%s, line %d".formatted(file.getFileName(), number);
        String line = line(reader, where);
        if (line == null) {
          break;
        }
        if (!line.isBlank()) {
          EvalItem item = item(line, where);
          requireLike(items, item, where);
          items.add(item);
        }
      }
    } catch (MalformedInputException e) {
      throw new IllegalArgumentException(file + " is not text in UTF-8", e);
    }
    if (items.isEmpty()) {
      throw new IllegalArgumentException(file + " has no items: one JSON object a line is wanted");
    }
    return items;
  }

  private static void requireFile(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException("there is no file " + file);
    }
    if (!Files.isReadable(file)) {
      throw new IllegalArgumentException(file + " may not be read");
    }
    if (Files.size(file) > MOST_BYTES) {
      throw new IllegalArgumentException(
          "%s has %,d bytes, the limit is %,d".formatted(file, Files.size(file), MOST_BYTES));
    }
  }

  /** Accuracy and F1 make no common figure. */
  private static void requireLike(List<EvalItem> items, EvalItem item, String where) {
    if (!items.isEmpty() && items.getFirst().choices().isEmpty() != item.choices().isEmpty()) {
      throw new IllegalArgumentException(
          where + ": choices: either all items of a file have them or none");
    }
  }

  /** The next line, or null; never more of it in memory than a line may have. */
  private static @Nullable String line(BufferedReader reader, String where) throws IOException {
    StringBuilder line = new StringBuilder();
    int c = reader.read();
    if (c < 0) {
      return null;
    }
    for (; c >= 0 && c != '\n'; c = reader.read()) {
      if (line.length() == MOST_CHARACTERS) {
        throw new IllegalArgumentException(
            "%s: has more than %,d characters".formatted(where, MOST_CHARACTERS));
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private static EvalItem item(String line, String where) {
    try {
      JsonNode json = JSON.readTree(line);
      List<String> answers = texts(json, "answers", where, 1);
      List<String> choices =
          json.hasNonNull("choices") ? texts(json, "choices", where, 2) : List.of();
      if (!choices.isEmpty() && !choices.contains(answers.getFirst())) {
        throw new IllegalArgumentException(where + ": answers: must be one of the choices");
      }
      return new EvalItem(text(json, "question", where), answers, choices, contexts(json, where));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(where + ": not JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static List<EvalItem.Context> contexts(JsonNode json, String where) {
    JsonNode array = array(json, "contexts", where, 1);
    if (array.size() > MOST_CONTEXTS) {
      throw new IllegalArgumentException(
          "%s: contexts: %,d, the limit is %,d".formatted(where, array.size(), MOST_CONTEXTS));
    }
    List<EvalItem.Context> contexts = new ArrayList<>();
    for (JsonNode context : array) {
      contexts.add(
          new EvalItem.Context(
              title(context, where),
              text(context, "text", where + ", contexts"),
              context.hasNonNull("gold") && flag(context, "gold", where + ", contexts")));
    }
    return contexts;
  }

  private static List<String> texts(JsonNode json, String field, String where, int fewest) {
    List<String> texts = new ArrayList<>();
    for (JsonNode value : array(json, field, where, fewest)) {
      if (!value.isTextual() || value.asText().isEmpty()) {
        throw new IllegalArgumentException("%s: %s: must hold texts".formatted(where, field));
      }
      texts.add(value.asText());
    }
    return texts;
  }

  private static JsonNode array(JsonNode json, String field, String where, int fewest) {
    JsonNode value = json.path(field);
    if (!value.isArray() || value.size() < fewest) {
      throw new IllegalArgumentException(
          "%s: %s: must be a list of at least %d".formatted(where, field, fewest));
    }
    return value;
  }

  private static String title(JsonNode context, String where) {
    if (!context.hasNonNull("title")) {
      return "";
    }
    JsonNode title = context.path("title");
    if (!title.isTextual()) {
      throw new IllegalArgumentException(where + ", contexts: title: must be a text");
    }
    return title.asText();
  }

  private static boolean flag(JsonNode json, String field, String where) {
    JsonNode value = json.path(field);
    if (!value.isBoolean()) {
      throw new IllegalArgumentException("%s: %s: must be true or false".formatted(where, field));
    }
    return value.asBoolean();
  }

  private static String text(JsonNode json, String field, String where) {
    JsonNode value = json.path(field);
    if (!value.isTextual() || value.asText().isBlank()) {
      throw new IllegalArgumentException("%s: %s: must be a text".formatted(where, field));
    }
    return value.asText();
  }
}
