package io.gibbon.runtime.chat;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.interpret.TemplateError.ErrorType;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A model's chat template (Jinja, as Hugging Face's {@code apply_chat_template} renders it). The
 * date that some templates ask for is fixed, so that rendered prefixes never change. Thread-safe.
 */
final class ChatTemplate {

  /** What {@code strftime_now} says. */
  static final LocalDate DATE = LocalDate.of(2025, 1, 1);

  /** Tags that read other files. */
  private static final Set<String> FILE_TAGS = Set.of("include", "import", "from", "extends");

  /** Where Jinjava's own defaults differ from Jinja. */
  private static final LegacyOverrides LIKE_PYTHON =
      LegacyOverrides.newBuilder()
          .withEvaluateMapKeys(true)
          .withIterateOverMapKeys(true)
          .withUseNaturalOperatorPrecedence(true)
          .withParseWhitespaceControlStrictly(true)
          .withAllowAdjacentTextNodes(true)
          .withKeepNullableLoopValues(true)
          .withUseTrimmingForNotesAndExpressions(true)
          .build();

  private static final int MAX_OUTPUT = 1 << 20;
  private static final int MAX_DEPTH = 32;

  private final Jinjava jinjava;
  private final String source;
  private final Map<String, Object> variables;

  /**
   * @param source the template
   * @param beginOfSequence name of that token, or empty
   * @param endOfSequence name of that token, or empty
   */
  ChatTemplate(String source, String beginOfSequence, String endOfSequence) {
    this.source = source;
    this.variables =
        Map.of(
            "bos_token",
            beginOfSequence,
            "eos_token",
            endOfSequence,
            "strftime_now",
            DATE.toString());
    this.jinjava =
        new Jinjava(
            JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withNestedInterpretationEnabled(false)
                .withMaxRenderDepth(MAX_DEPTH)
                .withMaxOutputSize(MAX_OUTPUT)
                .withDisabled(Map.of(Library.TAG, FILE_TAGS))
                .withLegacyOverrides(LIKE_PYTHON)
                .build());
    register("raise_exception", "raise");
    register("strftime_now", "date");
  }

  /**
   * The text of a conversation, with the header of the next answer behind it.
   *
   * @throws TemplateException if the template is broken or refuses the conversation
   */
  String render(List<ChatMessage> messages) {
    Map<String, Object> context = new HashMap<>(variables);
    context.put("messages", messages.stream().map(ChatTemplate::toMap).toList());
    context.put("add_generation_prompt", true);
    RenderResult result = jinjava.renderForResult(source, context);
    for (TemplateError error : result.getErrors()) {
      if (error.getSeverity() == ErrorType.FATAL) {
        throw new TemplateException(reason(error));
      }
    }
    return result.getOutput();
  }

  /** The template's own words if it refused the conversation, Jinjava's otherwise. */
  private static String reason(TemplateError error) {
    for (Throwable cause = error.getException(); cause != null; cause = cause.getCause()) {
      if (cause instanceof TemplateException refusal) {
        return String.valueOf(refusal.getMessage());
      }
    }
    return error.getMessage();
  }

  /** A template that is broken or refuses a conversation. */
  static final class TemplateException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    TemplateException(String message) {
      super(message);
    }
  }

  /** Called by templates that refuse a conversation. */
  public static String raise(String message) {
    throw new TemplateException(message);
  }

  /** Called by templates that ask for the date. */
  public static String date(String format) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      text.append(c == '%' && i + 1 < format.length() ? field(format.charAt(++i)) : c);
    }
    return text.toString();
  }

  private static String field(char conversion) {
    String pattern =
        switch (conversion) {
          case 'd' -> "dd";
          case 'm' -> "MM";
          case 'Y' -> "yyyy";
          case 'y' -> "yy";
          case 'b' -> "MMM";
          case 'B' -> "MMMM";
          case 'a' -> "EEE";
          case 'A' -> "EEEE";
          default -> throw new TemplateException("strftime_now: unknown conversion %" + conversion);
        };
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(DATE);
  }

  private static Map<String, Object> toMap(ChatMessage message) {
    return Map.of(
        "role", message.role().name().toLowerCase(Locale.ROOT), "content", message.content());
  }

  private void register(String name, String method) {
    jinjava
        .getGlobalContext()
        .registerFunction(
            new ELFunctionDefinition("", name, ChatTemplate.class, method, String.class));
  }
}
