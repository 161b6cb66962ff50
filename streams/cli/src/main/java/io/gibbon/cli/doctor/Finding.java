package io.gibbon.cli.doctor;

/**
 * What a check found.
 *
 * @param level how bad it is
 * @param subject what was looked at
 * @param found what was seen
 * @param remedy what to do; empty where nothing needs doing
 */
public record Finding(Level level, String subject, String found, String remedy) {

  /** How bad a finding is. */
  public enum Level {
    /** As it should be. */
    OK,
    /** Works, but not well. */
    ODD,
    /** Gibbon does not work like this. */
    MISSING
  }

  static Finding ok(String subject, String found) {
    return new Finding(Level.OK, subject, found, "");
  }

  static Finding odd(String subject, String found, String remedy) {
    return new Finding(Level.ODD, subject, found, remedy);
  }

  static Finding missing(String subject, String found, String remedy) {
    return new Finding(Level.MISSING, subject, found, remedy);
  }
}
