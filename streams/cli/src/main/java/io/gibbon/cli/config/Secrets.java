package io.gibbon.cli.config;

import java.util.regex.Pattern;

/** Knows which settings nobody may read over a shoulder or in a log. */
final class Secrets {

  /** Shown instead of a secret that is set. */
  static final String HIDDEN = "(set, not shown)";

  /** Names of our secrets, and of all that Kafka's clients take. */
  private static final Pattern KEYS =
      Pattern.compile(
          "api-keys|password|passphrase|secret|credential|jaas|user\\.info|private|keystore\\.key");

  /** An address with a user's name and password. */
  private static final Pattern VALUES = Pattern.compile("://[^/]*@");

  private Secrets() {}

  /** The value, or {@link #HIDDEN} if it is a secret. */
  static String hide(String key, String value) {
    boolean secret = KEYS.matcher(key).find() || VALUES.matcher(value).find();
    return secret && !value.isEmpty() ? HIDDEN : value;
  }
}
