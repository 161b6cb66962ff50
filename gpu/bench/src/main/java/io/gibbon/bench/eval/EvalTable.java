package io.gibbon.bench.eval;

import io.gibbon.bench.eval.EvalReport.Figure;
import io.gibbon.bench.eval.EvalReport.ModeResult;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An evaluation as a table for a terminal: a mode a line. Columns that nothing applies to are left
 * out.
 */
final class EvalTable {

  private static final int NAME = 28;

  private EvalTable() {}

  /**
   * A column.
   *
   * @param cell its text in the line of a mode
   */
  private record Column(String head, int width, Function<ModeResult, String> cell) {}

  /** The table. */
  static String of(EvalReport report) {
    List<Column> columns =
        columns(report.mainName()).stream()
            .filter(
                column ->
                    report.modes().values().stream().anyMatch(m -> !cell(column, m).isEmpty()))
            .toList();
    StringBuilder table = new StringBuilder();
    table.append(
        "%d items of %s, %s%s%n"
            .formatted(report.items(), report.data(), report.model(), report.calibrated()));
    line(table, "mode", columns, Column::head);
    report
        .modes()
        .forEach((name, mode) -> line(table, name, columns, column -> cell(column, mode)));
    if (table.indexOf("*") >= 0) {
      table.append("%s%n".formatted(EvalReport.MARK));
    }
    return table.toString();
  }

  private static List<Column> columns(String main) {
    return List.of(
        new Column(main, 22, mode -> range("%.1f (%4.1f to %4.1f)", mode.main())),
        new Column(
            "of sequential", 21, mode -> range("%.0f%% (%.0f to %.0f)", mode.ofSequential())),
        new Column("EM", 6, mode -> value("%.1f", mode.em())),
        new Column("holds", 6, mode -> value("%.1f", mode.contains())),
        new Column("logprob", 8, mode -> value("%.2f", mode.logprob())),
        new Column("over sequential", 23, mode -> range("%+.2f (%+.2f to %+.2f)", mode.gain())),
        new Column("KL", 7, mode -> value("%.3f", mode.kl())),
        new Column("gold", 6, mode -> value("%.1f", mode.goldFirst())),
        new Column("kept", 6, mode -> value("%.1f", mode.goldKept())),
        new Column("cited", 6, mode -> value("%.1f", mode.citedFirst())));
  }

  private static String cell(Column column, ModeResult mode) {
    return column.cell().apply(mode);
  }

  private static void line(
      StringBuilder table, String name, List<Column> columns, Function<Column, String> cell) {
    table.append(("%-" + NAME + "s").formatted(name));
    table.append(
        columns.stream()
            .map(column -> (" %" + column.width() + "s").formatted(cell.apply(column)))
            .collect(Collectors.joining()));
    table.append("%n".formatted());
  }

  private static String range(String format, Figure figure) {
    if (!Double.isFinite(figure.value())) {
      return "-";
    }
    return String.format(Locale.ROOT, format, figure.value(), figure.low(), figure.high())
            .replace("Infinity", "-")
        + figure.mark();
  }

  private static String value(String format, @Nullable Figure figure) {
    return figure == null ? "" : String.format(Locale.ROOT, format, figure.value()) + figure.mark();
  }
}
