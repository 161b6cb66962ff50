package io.gibbon.server.answer;

import io.gibbon.runtime.Generator;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.Profile;
import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.kv.KvCache;
import java.util.List;

/**
 * What answers need of the model runtime.
 *
 * @param profile the model and its prefix
 * @param prompts turns questions into tokens
 * @param generator generates
 * @param cache holds KV states of contexts
 */
public record Engine(Profile profile, Prompts prompts, Generator generator, KvCache cache) {

  /** The engine of a runtime. */
  public static Engine of(ModelRuntime runtime) {
    return new Engine(runtime.profile(), new RuntimePrompts(runtime), runtime, runtime.cache());
  }

  /** Prompts as the model's chat template words them. */
  private record RuntimePrompts(ModelRuntime runtime) implements Prompts {

    @Override
    public int[] chat(List<ChatMessage> messages, boolean grounded) {
      return runtime.chat().query(messages, grounded);
    }

    @Override
    public int[] completion(String prompt, boolean grounded) {
      return grounded ? runtime.tokenizer().encode(prompt) : runtime.chat().bareQuery(prompt);
    }
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
  }
}
