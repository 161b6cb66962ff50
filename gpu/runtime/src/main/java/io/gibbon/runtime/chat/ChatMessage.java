package io.gibbon.runtime.chat;

/**
 * One message of a conversation.
 *
 * @param role who speaks
 * @param content what is said; never read as control tokens
 */
public record ChatMessage(Role role, String content) {

  /** Who speaks. */
  public enum Role {
    /** Instructions; OpenAI's {@code system} and {@code developer}. */
    SYSTEM,
    /** The person who asks. */
    USER,
    /** The model, in an earlier turn. */
    ASSISTANT
  }

  /** A question. */
  public static ChatMessage user(String content) {
    return new ChatMessage(Role.USER, content);
  }

  /** An earlier answer. */
  public static ChatMessage assistant(String content) {
    return new ChatMessage(Role.ASSISTANT, content);
  }

  /** Instructions. */
  public static ChatMessage system(String content) {
    return new ChatMessage(Role.SYSTEM, content);
  }
}
