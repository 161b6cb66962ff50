package io.gibbon.server.answer;

import io.gibbon.runtime.Generator;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.Profile;
import io.gibbon.runtime.SequentialEncoder;
import io.gibbon.runtime.calibrate.CalibrationReport;
import io.gibbon.runtime.calibrate.ContextSource;
import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.Citations;
import io.gibbon.runtime.rank.ContextRanker;
import io.gibbon.runtime.rank.ContextReader;
import io.gibbon.runtime.rank.ContextReader.Reading;
import io.gibbon.runtime.rank.Ranking;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;

/**
 * What answers need of the model runtime.
 *
 * @param profile the model and its prefix
 * @param prompts turns questions into tokens
 * @param generator generates
 * @param cache holds KV states of contexts
 * @param ranker tells what a question is about
 * @param encoder encodes contexts behind others
 */
public record Engine(
    Profile profile,
    Prompts prompts,
    Generator generator,
    KvCache cache,
    Ranker ranker,
    ContextEncoder encoder) {

  /** The engine of a runtime. */
  public static Engine of(ModelRuntime runtime) {
    SequentialEncoder encoder = runtime.sequentialEncoder();
    return new Engine(
        runtime.profile(),
        RuntimePrompts.of(runtime),
        runtime,
        runtime.cache(),
        RuntimeRanker.of(runtime, runtime.reader()),
        (before, title, text, wanted) ->
            encoder.encode(before, runtime.contextTokens(title, text), wanted));
  }

  /** Prompts as the model's chat template words them. */
  private record RuntimePrompts(ModelRuntime runtime, int longestToken) implements Prompts {

    static RuntimePrompts of(ModelRuntime runtime) {
      Tokenizer tokenizer = runtime.tokenizer();
      int longest = IntStream.range(0, tokenizer.size()).map(tokenizer::byteLength).max().orElse(1);
      return new RuntimePrompts(runtime, Math.max(1, longest));
    }

    @Override
    public int[] chat(List<ChatMessage> messages, boolean grounded) {
      return runtime.chat().query(messages, grounded);
    }

    @Override
    public int[] completion(String prompt, boolean grounded) {
      return grounded ? runtime.tokenizer().encode(prompt) : runtime.chat().bareQuery(prompt);
    }

    @Override
    public int[] text(String text) {
      return runtime.tokenizer().encode(text);
    }

    @Override
    public int[] context(String title, String text) {
      return runtime.contextTokens(title, text);
    }

    @Override
    public int[] opening(String question) {
      return runtime.chat().opening(question);
    }

    /** A character is one byte or more, and no token stands for more bytes than the longest. */
    @Override
    public int fewest(long characters) {
      return (int) Math.min(Integer.MAX_VALUE, Math.ceilDiv(characters, longestToken));
    }
  }

  /** Ranks as the runtime does. */
  private record RuntimeRanker(ModelRuntime runtime, ContextReader reader, ContextRanker ranker)
      implements Ranker {

    static RuntimeRanker of(ModelRuntime runtime, ContextReader reader) {
      return new RuntimeRanker(runtime, reader, new ContextRanker(reader));
    }

    @Override
    public Ranker asLongAs(BooleanSupplier wanted) {
      return of(runtime, reader.asLongAs(wanted));
    }

    @Override
    public Ranking byLikelihood(List<KvStates> contexts, int[] question) {
      return ranker.byLikelihood(contexts, question);
    }

    @Override
    public Ranking byAttention(List<KvStates> contexts, int[] question, List<Head> heads) {
      return ranker.byAttention(contexts, question, heads);
    }

    @Override
    public Ranking behind(
        Ranking first, int[] words, List<KvStates> contexts, int[] question, List<Head> heads) {
      return ranker.behind(first, words, contexts, question, heads);
    }

    @Override
    public List<double[]> citations(
        List<KvStates> contexts,
        Combination combination,
        int[] query,
        int[] answer,
        List<Integer> ends,
        List<Head> heads) {
      Reading reading = new Reading(contexts, combination, 1, 1);
      return Citations.shares(reader, reading, query, answer, ends, heads);
    }

    @Override
    public CalibrationReport calibrate(ContextSource source, long seed, DoubleConsumer progress) {
      return runtime.calibrator().run(source, seed, progress);
    }
  }

  /** Ranks contexts by their states, and learns how. Thread-safe; blocks while the model reads. */
  public interface Ranker {

    /** As {@link ContextReader#asLongAs}, for what it ranks. */
    Ranker asLongAs(BooleanSupplier wanted);

    /** As {@link ContextRanker#byLikelihood}. */
    Ranking byLikelihood(List<KvStates> contexts, int[] question);

    /** As {@link ContextRanker#byAttention}. */
    Ranking byAttention(List<KvStates> contexts, int[] question, List<Head> heads);

    /** As {@link ContextRanker#behind}. */
    Ranking behind(
        Ranking first, int[] words, List<KvStates> contexts, int[] question, List<Head> heads);

    /** As {@link Citations#shares}, with T = S = 1. */
    List<double[]> citations(
        List<KvStates> contexts,
        Combination combination,
        int[] query,
        int[] answer,
        List<Integer> ends,
        List<Head> heads);

    /** As {@link io.gibbon.runtime.calibrate.Calibrator#run}; takes minutes. */
    CalibrationReport calibrate(ContextSource source, long seed, DoubleConsumer progress);
  }

  /** Encodes contexts behind others. Thread-safe; blocks while the model reads. */
  @FunctionalInterface
  public interface ContextEncoder {

    /**
     * States that a context has behind others, as in one prompt.
     *
     * @param before states of those in front of it, in order
     * @param title of its document
     * @param text its own
     * @param wanted asked now and then
     * @return as many tokens as it has apart; the caller closes them
     * @throws CancellationException if they are not wanted any more
     */
    KvStates behind(List<KvStates> before, String title, String text, BooleanSupplier wanted);
  }

  /** Turns questions into tokens. Thread-safe; may take a while for long texts. */
  public interface Prompts {

    /**
     * Tokens of a conversation, to follow prefix and contexts.
     *
     * @param grounded whether the answer is to come from contexts
     * @throws IllegalArgumentException if the model's template refuses the conversation
     */
    int[] chat(List<ChatMessage> messages, boolean grounded);

    /**
     * Tokens of a text to continue.
     *
     * @param grounded whether prefix and contexts stand in front
     * @throws IllegalArgumentException if there are none
     */
    int[] completion(String prompt, boolean grounded);

    /** Tokens of a text of its own. */
    int[] text(String text);

    /** Tokens of a context, as it is encoded apart. */
    int[] context(String title, String text);

    /** Tokens of a question behind contexts, up to its last word. */
    int[] opening(String question);

    /** A number of tokens that no text of so many characters goes below. Costs nothing. */
    int fewest(long characters);
  }
}
