package io.gibbon.runtime.chat;

import io.gibbon.runtime.chat.ChatMessage.Role;
import io.gibbon.runtime.chat.ChatTemplate.TemplateException;
import io.gibbon.runtime.model.Metadata;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.tokenizer.Segment;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns conversations over documents into tokens: the prefix that every context shares, contexts,
 * and queries. The chat template is rendered with marks in place of what people wrote, then cut at
 * the marks, so that no text of theirs can act as a control token or change the prefix. Immutable
 * and thread-safe.
 */
public final class ChatPrompt {

  private static final Logger LOG = LoggerFactory.getLogger(ChatPrompt.class);

  private static final String TEMPLATE = "tokenizer.chat_template";

  /** For models without a chat template. */
  private static final String PLAIN_TEMPLATE =
      "{% for message in messages %}{{ message['content'] + '\n\n' }}{% endfor %}Answer:";

  /** Marks are made of private-use characters; nobody else's text is ever rendered. */
  private static final Pattern MARK = Pattern.compile("\uE000(\\d+)\uE001");

  private static final String CONTEXTS_MARK = "\uE002";

  private final Tokenizer tokenizer;
  private final PromptFormat format;
  private final ChatTemplate template;
  private final boolean systemRole;
  private final List<Segment> prefixSegments;
  private final int[] prefix;

  /** A rendered conversation, cut where the contexts go. */
  private record Rendered(List<Segment> prefix, List<Segment> query) {}

  /**
   * Reads the model's chat template and renders the prefix.
   *
   * @throws io.gibbon.runtime.model.InvalidModelException if the template is broken or has no place
   *     for a user's message
   */
  public ChatPrompt(Model model, Tokenizer tokenizer, PromptFormat format) {
    Metadata metadata = model.metadata();
    this.tokenizer = tokenizer;
    this.format = format;
    if (metadata.string(TEMPLATE, "").isEmpty()) {
      LOG.warn(
          "{} has no chat template: a base model, which may not end its answers or follow the"
              + " question; plain paragraphs take the template's place",
          model.name());
    }
    this.template =
        new ChatTemplate(
            metadata.string(TEMPLATE, PLAIN_TEMPLATE),
            name(metadata, "tokenizer.ggml.bos_token_id"),
            name(metadata, "tokenizer.ggml.eos_token_id"));
    List<ChatMessage> probe = List.of(ChatMessage.user("?"));
    this.systemRole = !format.system().isEmpty() && renders(probe);
    try {
      this.prefixSegments = render(probe, systemRole).prefix();
    } catch (TemplateException | IllegalArgumentException e) {
      throw metadata.problem(TEMPLATE, "cannot be rendered: " + e.getMessage());
    }
    this.prefix = withBeginOfSequence(tokenizer.encode(prefixSegments));
  }

  /** The words around documents and questions. */
  public PromptFormat format() {
    return format;
  }

  /** Tokens in front of every context. */
  public int[] prefix() {
    return prefix.clone();
  }

  /** Tokens of one context. */
  public int[] context(String title, String text) {
    return tokenizer.encode(format.context(title, text));
  }

  /**
   * Tokens behind the contexts: the whole conversation with the header of the next answer. Messages
   * of role {@link Role#SYSTEM} join the user's next message, so that they never change the prefix.
   *
   * @param grounded whether the answer is to come from documents: questions are then worded as
   *     {@link PromptFormat#question()} says
   * @throws IllegalArgumentException if the conversation has no user's message in front or the
   *     model's template refuses it
   */
  public int[] query(List<ChatMessage> messages, boolean grounded) {
    Rendered rendered;
    try {
      rendered = render(conversation(messages, grounded), systemRole);
    } catch (TemplateException e) {
      throw new IllegalArgumentException(
          "messages: the model's chat template refuses them: " + e.getMessage(), e);
    }
    if (!rendered.prefix().equals(prefixSegments)) {
      throw new IllegalArgumentException(
          "messages: the model's chat template puts other text in front of this conversation");
    }
    return tokenizer.encode(rendered.query());
  }

  /**
   * Tokens of a question behind contexts, up to its last word: those whose probability tells
   * whether a context is about it.
   */
  public int[] opening(String question) {
    return tokenizer.encode(format.opening(question));
  }

  /**
   * Tokens of a text to continue, without prefix, contexts or chat template.
   *
   * @throws IllegalArgumentException if the prompt has no tokens
   */
  public int[] bareQuery(String prompt) {
    int[] tokens = withBeginOfSequence(tokenizer.encode(prompt));
    if (tokens.length == 0) {
      throw new IllegalArgumentException("prompt: must not be empty");
    }
    return tokens;
  }

  /** The conversation with system messages joined to the user's and questions in our words. */
  private List<ChatMessage> conversation(List<ChatMessage> messages, boolean grounded) {
    List<ChatMessage> turns = new ArrayList<>();
    StringBuilder instructions = new StringBuilder();
    for (ChatMessage message : messages) {
      switch (message.role()) {
        case SYSTEM -> instructions.append(message.content()).append("\n\n");
        case USER -> {
          String question = grounded ? format.question(message.content()) : message.content();
          turns.add(ChatMessage.user(instructions + question));
          instructions.setLength(0);
        }
        case ASSISTANT -> turns.add(message);
      }
    }
    if (!instructions.isEmpty()) {
      turns.add(ChatMessage.user(instructions.toString().stripTrailing()));
    }
    if (turns.isEmpty() || turns.getFirst().role() != Role.USER) {
      throw new IllegalArgumentException("messages: the first turn must be the user's");
    }
    return turns;
  }

  private boolean renders(List<ChatMessage> conversation) {
    try {
      render(conversation, true);
      return true;
    } catch (TemplateException | IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * Renders a conversation whose first turn is the user's. Texts are put in place of their marks as
   * plain segments.
   */
  private Rendered render(List<ChatMessage> conversation, boolean withSystemRole) {
    List<String> texts = new ArrayList<>();
    List<ChatMessage> marked = new ArrayList<>();
    String beforeContexts = "";
    if (!format.system().isEmpty()) {
      texts.add(withSystemRole ? format.system() : format.system() + "\n\n");
      if (withSystemRole) {
        marked.add(ChatMessage.system(mark(0)));
      } else {
        beforeContexts = mark(0);
      }
    }
    for (int turn = 0; turn < conversation.size(); turn++) {
      ChatMessage message = conversation.get(turn);
      String lead = turn == 0 ? beforeContexts + CONTEXTS_MARK : "";
      marked.add(new ChatMessage(message.role(), lead + mark(texts.size())));
      texts.add(message.content());
    }
    String text = template.render(marked);
    checkMarks(text, texts.size());
    int cut = text.indexOf(CONTEXTS_MARK);
    return new Rendered(
        segments(text.substring(0, cut), texts),
        segments(text.substring(cut + CONTEXTS_MARK.length()), texts));
  }

  private static String mark(int index) {
    return "\uE000" + index + "\uE001";
  }

  private static void checkMarks(String rendered, int count) {
    int[] seen = MARK.matcher(rendered).results().mapToInt(ChatPrompt::index).toArray();
    int cut = rendered.indexOf(CONTEXTS_MARK);
    if (cut < 0
        || cut != rendered.lastIndexOf(CONTEXTS_MARK)
        || !Arrays.equals(seen, IntStream.range(0, count).toArray())) {
      throw new IllegalArgumentException(
          "the chat template does not show every message once and in order");
    }
  }

  private static int index(MatchResult mark) {
    return Integer.parseInt(mark.group(1));
  }

  private static List<Segment> segments(String rendered, List<String> texts) {
    List<Segment> segments = new ArrayList<>();
    Matcher matcher = MARK.matcher(rendered);
    int at = 0;
    while (matcher.find()) {
      segments.add(Segment.control(rendered.substring(at, matcher.start())));
      segments.add(Segment.plain(texts.get(index(matcher))));
      at = matcher.end();
    }
    segments.add(Segment.control(rendered.substring(at)));
    return segments;
  }

  private int[] withBeginOfSequence(int[] tokens) {
    if (!tokenizer.addsBeginOfSequence()) {
      return tokens;
    }
    int begin = tokenizer.beginOfSequence().orElseThrow();
    if (tokens.length > 0 && tokens[0] == begin) {
      return tokens;
    }
    return IntStream.concat(IntStream.of(begin), IntStream.of(tokens)).toArray();
  }

  private String name(Metadata metadata, String key) {
    return metadata.has(key)
        ? tokenizer.decode(new int[] {metadata.integer(key, 0, tokenizer.size() - 1)})
        : "";
  }
}
