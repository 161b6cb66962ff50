package io.gibbon.topology;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/**
 * An instance that halts, as if killed, once it has handed a number of documents to its encoder.
 */
final class CrashingProcess {

  static final int STATUS = 7;

  private CrashingProcess() {}

  /**
   * Arguments: a properties file with the topology's settings, and the number of documents after
   * which to halt.
   */
  public static void main(String... arguments) throws IOException, InterruptedException {
    Properties properties = new Properties();
    try (Reader file = Files.newBufferedReader(Path.of(arguments[0]))) {
      properties.load(file);
    }
    Map<String, String> settings = new HashMap<>();
    properties.stringPropertyNames().forEach(key -> settings.put(key, properties.getProperty(key)));
    int limit = Integer.parseInt(arguments[1]);
    ScriptedEncoder encoder = new ScriptedEncoder();
    GibbonStreams streams = new GibbonStreams(TopologyConfig.of(settings), encoder);
    streams.start();
    while (encoder.encoded().size() < limit) {
      Thread.sleep(1);
    }
    Runtime.getRuntime().halt(STATUS);
  }
}
