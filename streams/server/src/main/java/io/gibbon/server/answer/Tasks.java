package io.gibbon.server.answer;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.ContextCombiner.Combined;
import io.gibbon.topology.StateReader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Makes tasks for the runtime, and refuses what does not fit its window. Thread-safe. */
final class Tasks {

  /** Texts of contexts that are tokenized for an answer to repeat, best first. */
  private static final int MOST_LOOKUPS = 64;

  /** Shorter answers end before anything could be looked up. */
  private static final int LEAST_LOOKUP_ANSWER = 8;

  private final Engine engine;
  private final StateReader states;
  private final ServerConfig config;

  Tasks(Engine engine, StateReader states, ServerConfig config) {
    this.engine = engine;
    this.states = states;
    this.config = config;
  }

  /**
   * Tokens behind prefix and contexts.
   *
   * @param grounded whether the answer is to come from contexts
   */
  int[] query(Question question, boolean grounded) {
    return switch (question) {
      case Question.Chat chat -> engine.prompts().chat(chat.messages(), grounded);
      case Question.Completion completion ->
          engine.prompts().completion(completion.prompt(), grounded);
    };
  }

  /** Tokens of the window that a request leaves for contexts; may be negative. */
  int room(AnswerRequest request, int[] query) {
    return engine.profile().window()
        - engine.profile().prefixTokens()
        - query.length
        - wanted(request);
  }

  private static int wanted(AnswerRequest request) {
    return request.maxTokens() == null ? 1 : request.maxTokens();
  }

  /**
   * The task of a request.
   *
   * @throws RequestException if question and answer do not fit behind the contexts
   */
  GenerationTask task(AnswerRequest request, int[] query, Combined combined) {
    boolean grounded = !combined.contexts().isEmpty();
    int before = combined.combination().length(combined.states());
    int room = requireFits(before, query.length, wanted(request), request.question());
    int most =
        request.maxTokens() == null ? Math.min(config.maxTokens(), room) : request.maxTokens();
    ContextOptions options = request.options();
    return new GenerationTask(
        combined.states(),
        combined.combination(),
        grounded || request.question() instanceof Question.Chat,
        query,
        factor(
            options.attentionTemperature(),
            combined,
            Calibration::attentionTemperature,
            config.attentionTemperature()),
        factor(
            options.scalingFactor(), combined, Calibration::scalingFactor, config.scalingFactor()),
        request.sampling(),
        most,
        request.stop(),
        request.topLogprobs(),
        options.attribution(),
        most < LEAST_LOOKUP_ANSWER ? List.of() : lookups(query, combined));
  }

  /** Answers repeat their question and the contexts they draw on. */
  private List<int[]> lookups(int[] query, Combined combined) {
    List<int[]> lookups = new ArrayList<>();
    lookups.add(query);
    combined.contexts().stream()
        .limit(MOST_LOOKUPS)
        .map(one -> engine.prompts().text(one.candidate().text()))
        .forEach(lookups::add);
    return lookups;
  }

  /**
   * T or S: what the request says, 1 for contexts in order and for a single one, which need
   * neither, what was learnt of the profile, or what is configured.
   */
  private double factor(
      @Nullable Double asked,
      Combined combined,
      ToDoubleFunction<Calibration> learnt,
      double configured) {
    if (asked != null) {
      return asked;
    }
    return combined.combination() == Combination.SEQUENTIAL || combined.contexts().size() == 1
        ? 1
        : states.calibration().map(learnt::applyAsDouble).orElse(configured);
  }

  /** Refuses a question that no answer fits behind, the longest ones without reading them. */
  void requireFits(Question question) {
    int fewest = engine.prompts().fewest(question.characters());
    if (fewest > engine.profile().window()) {
      throw RequestException.tooLong(
          field(question),
          "This model's maximum context length is %,d tokens: the question has at least %,d."
              .formatted(engine.profile().window(), fewest));
    }
    requireFits(0, query(question, false).length, 1, question);
  }

  /** The tokens that are left for the answer, at least {@code wanted}. */
  private int requireFits(int contexts, int query, int wanted, Question question) {
    int window = engine.profile().window();
    int prefix = engine.profile().prefixTokens();
    int room = window - prefix - contexts - query;
    if (room < wanted) {
      throw RequestException.tooLong(
          field(question),
          ("This model's maximum context length is %,d tokens: prefix %,d, contexts %,d,"
                  + " question %,d and answer %,d do not fit.")
              .formatted(window, prefix, contexts, query, wanted));
    }
    return room;
  }

  private static String field(Question question) {
    return question instanceof Question.Chat ? "messages" : "prompt";
  }
}
