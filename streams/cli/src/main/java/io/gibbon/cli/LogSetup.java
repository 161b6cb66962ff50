package io.gibbon.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.EncoderBase;
import org.slf4j.LoggerFactory;

/** Where logs go: to standard error, quiet by default. */
public final class LogSetup {

  /** How a log line looks. */
  public enum Format {
    /** A line for people. */
    TEXT,
    /** One JSON object a line. */
    JSON
  }

  private static final String PATTERN = "%d{HH:mm:ss.SSS} %-5level %logger{24} %msg%n";

  /** Lucene's and Tika's; held, or its level is lost. */
  private static final java.util.logging.Logger JUL = java.util.logging.Logger.getLogger("");

  private LogSetup() {}

  /**
   * Sets the log up for the rest of the process.
   *
   * @param verbosity 0 for warnings of ours and errors of the rest, 1 for our news, 2 for the news
   *     of all, 3 for every detail of ours
   */
  public static void apply(int verbosity, Format format) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
    appender.setContext(context);
    appender.setTarget("System.err");
    appender.setEncoder(encoder(context, format));
    appender.start();
    var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.addAppender(appender);
    root.setLevel(verbosity >= 2 ? Level.INFO : Level.ERROR);
    context.getLogger("io.gibbon").setLevel(ours(verbosity));
    if (verbosity < 2) {
      // The embedded broker calls errors what its clients simply try again.
      context.getLogger("kafka").setLevel(Level.OFF);
    }
    JUL.setLevel(verbosity >= 2 ? java.util.logging.Level.INFO : java.util.logging.Level.WARNING);
  }

  private static Level ours(int verbosity) {
    return switch (verbosity) {
      case 0 -> Level.WARN;
      case 1, 2 -> Level.INFO;
      default -> Level.DEBUG;
    };
  }

  private static EncoderBase<ILoggingEvent> encoder(LoggerContext context, Format format) {
    if (format == Format.JSON) {
      JsonEncoder json = new JsonEncoder();
      json.setContext(context);
      json.start();
      return json;
    }
    PatternLayoutEncoder text = new PatternLayoutEncoder();
    text.setContext(context);
    text.setPattern(PATTERN);
    text.start();
    return text;
  }
}
