package io.gibbon.server.answer;

import io.gibbon.runtime.chat.ChatMessage;
import java.util.List;

/** What is asked. */
public sealed interface Question {

  /**
   * A conversation whose last user's message is the question.
   *
   * @param messages oldest first
   */
  record Chat(List<ChatMessage> messages) implements Question {

    @Override
    public String searchText() {
      return messages.reversed().stream()
          .filter(message -> message.role() == ChatMessage.Role.USER)
          .map(ChatMessage::content)
          .findFirst()
          .orElse("");
    }

    @Override
    public long characters() {
      return messages.stream().mapToLong(message -> message.content().length()).sum();
    }
  }

  /**
   * A text to continue.
   *
   * @param prompt the text
   */
  record Completion(String prompt) implements Question {

    @Override
    public String searchText() {
      return prompt;
    }

    @Override
    public long characters() {
      return prompt.length();
    }
  }

  /** What to search contexts for. */
  String searchText();

  /** Length of all its texts together. */
  long characters();
}
