package io.gibbon.bench.eval;

import io.gibbon.bench.eval.EvalReport.Figure;
import io.gibbon.bench.eval.EvalReport.ModeResult;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An evaluation as one HTML file that needs nothing else: bars with their intervals, and a table.
 */
public final class EvalPage {

  private static final int LABEL = 230;
  private static final int PLOT = 520;
  private static final int ROW = 26;

  private static final String STYLE =
      """
      body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
             color: #222; background: #fff }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums } caption { caption-side: bottom; text-align: left } td, th { padding: .2rem .7rem;
             text-align: right; border-bottom: 1px solid #ddd } td:first-child, th:first-child { text-align: left }
      text { font: 13px system-ui, sans-serif; fill: currentColor } .bar { fill: #4a7fb5 } .base { fill: #999 }
      .range { stroke: #222; stroke-width: 1.5 } .wide { overflow-x: auto }
      @media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 }
             .range { stroke: #eee } td, th { border-color: #444 } }
      """;

  private EvalPage() {}

  /** The page. */
  public static String of(EvalReport report) {
    String main = report.mainName() + ", %";
    StringBuilder page = new StringBuilder();
    page.append(
        """
        <!doctype html><html lang="en"><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1"><title>%1$s</title>
        <style>%2$s</style>
        <h1>%1$s</h1>
        <p>%3$d items, model %4$s. Lines are 95%% intervals over items drawn anew, the same ones in all
        modes%5$s.</p>
        """
            .formatted(
                escape(report.data()),
                STYLE,
                report.items(),
                escape(report.model()),
                escape(report.calibrated())));
    page.append(plot(main, report.modes(), ModeResult::main));
    page.append(plot("Of sequential, %", report.modes(), ModeResult::ofSequential));
    page.append(
        plot("Log-probability of the answer, nats a token", report.modes(), ModeResult::logprob));
    page.append(plot("Divergence from sequential, nats a token", report.modes(), ModeResult::kl));
    page.append(table(report.modes(), main));
    return page.append("</html>\n").toString();
  }

  private static String plot(
      String title, Map<String, ModeResult> modes, Function<ModeResult, Figure> figure) {
    double reach =
        modes.values().stream()
            .map(figure)
            .mapToDouble(f -> Math.max(Math.abs(f.low()), Math.abs(f.high())))
            .filter(Double::isFinite)
            .max()
            .orElse(1);
    double scale = reach == 0 ? 0 : PLOT / reach;
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<h2>%s</h2><div class=\"wide\"><svg width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">"
            .formatted(escape(title), LABEL + PLOT + 90, modes.size() * ROW + 4, escape(title)));
    int y = 4;
    for (Map.Entry<String, ModeResult> mode : modes.entrySet()) {
      svg.append(bar(mode.getKey(), figure.apply(mode.getValue()), scale, y));
      y += ROW;
    }
    return svg.append("</svg></div>\n").toString();
  }

  private static String bar(String name, Figure figure, double scale, int y) {
    double width = length(figure.value(), scale);
    double low = length(figure.low(), scale);
    double high = length(figure.high(), scale);
    return String.format(
        Locale.ROOT,
        "<text x=\"0\" y=\"%1$d\">%2$s</text><rect class=\"%3$s\" x=\"%4$d\" y=\"%5$d\" width=\"%6$.1f\""
            + " height=\"16\"/><line class=\"range\" x1=\"%7$.1f\" x2=\"%8$.1f\" y1=\"%9$d\" y2=\"%9$d\"/>"
            + "<text x=\"%10$.1f\" y=\"%1$d\">%11$.2f</text>%n",
        y + 13,
        escape(name),
        name.equals(Mode.SEQUENTIAL) ? "base" : "bar",
        LABEL,
        y,
        width,
        LABEL + Math.min(low, high),
        LABEL + Math.max(low, high),
        y + 8,
        LABEL + Math.max(width, Math.max(low, high)) + 6,
        figure.value());
  }

  private static double length(double value, double scale) {
    return Double.isFinite(value) ? Math.abs(value) * scale : 0;
  }

  private static String table(Map<String, ModeResult> modes, String main) {
    StringBuilder table = new StringBuilder("<h2>All figures</h2><div class=\"wide\"><table><tr>");
    for (String head :
        new String[] {
          "mode",
          main,
          "95%",
          "of sequential, %",
          "95%",
          "EM, %",
          "contained, %",
          "logprob",
          "over sequential",
          "95%",
          "KL",
          "gold first, %",
          "gold kept, %",
          "cited gold, %"
        }) {
      table.append("<th>").append(escape(head)).append("</th>");
    }
    table.append("</tr>\n");
    modes.forEach((name, mode) -> table.append(row(name, mode)));
    if (table.indexOf("*") >= 0) {
      table.append("<caption>").append(EvalReport.MARK).append("</caption>");
    }
    return table.append("</table></div>\n").toString();
  }

  private static String row(String name, ModeResult mode) {
    StringBuilder row = new StringBuilder("<tr><td>").append(escape(name)).append("</td>");
    cell(row, number(mode.main()));
    cell(row, range(mode.main()));
    cell(row, number(mode.ofSequential()));
    cell(row, range(mode.ofSequential()));
    cell(row, number(mode.em()));
    cell(row, number(mode.contains()));
    cell(row, String.format(Locale.ROOT, "%.3f", mode.logprob().value()));
    cell(row, String.format(Locale.ROOT, "%.2f", mode.gain().value()));
    cell(row, String.format(Locale.ROOT, "%.2f to %.2f", mode.gain().low(), mode.gain().high()));
    cell(row, String.format(Locale.ROOT, "%.3f", mode.kl().value()));
    cell(row, number(mode.goldFirst()));
    cell(row, number(mode.goldKept()));
    cell(row, number(mode.citedFirst()));
    return row.append("</tr>\n").toString();
  }

  private static void cell(StringBuilder row, String text) {
    row.append("<td>").append(text).append("</td>");
  }

  private static String number(@Nullable Figure figure) {
    return figure == null ? "" : String.format(Locale.ROOT, "%.1f", figure.value()) + figure.mark();
  }

  private static String range(Figure figure) {
    return String.format(Locale.ROOT, "%.1f to %.1f", figure.low(), figure.high()) + figure.mark();
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
