use super::*;

fn figures() -> Vec<Figure> {
    vec![
        Figure::new("reuse 1", "requests/s", 17_058.0, "").beside("wasmtime serve", 17_686.0),
        Figure::new("reuse 1", "p50", 850_000.0, "ns"),
        Figure::new("reuse 128", "requests/s", 53_176.4, "").beside("wasmtime serve", 57_733.0),
    ]
}

fn report() -> Value {
    json!({
        "revision": "80a519f", "modified": false, "date": "2026-01-02T03:04:05Z", "quick": true,
        "machine": {"model": "a processor", "processors": 2, "load": 0.25},
        "tables": [table("host", "scripts/bench.sh host --quick", &figures())],
    })
}

#[test]
fn a_figure_survives_its_line() {
    let lines: String = figures().iter().map(|figure| format!("{}\n", figure.to_json())).collect();
    assert_eq!(read_lines(&format!("started\n{lines}")).unwrap(), figures());
    assert_eq!(figures()[0].to_json()["ratio"], 0.9645);
    assert!(read_lines("{\"row\": \"a\"}").is_err());
    assert!(
        read_lines("{\"row\": \"a\", \"measure\": \"b\", \"value\": 1, \"unit\": \"\", \"peer\": \"c\"}")
            .is_err()
    );
}

#[test]
fn a_table_has_a_line_for_each_row_and_a_column_for_each_measure() {
    assert_eq!(
        markdown(&figures()),
        "| | requests/s | ÷ wasmtime serve | p50 |\n|---|---:|---:|---:|\n\
         | reuse 1 | 17,058 | 0.96 | 850 µs |\n| reuse 128 | 53,176 | 0.92 | – |\n"
    );
    let two = [
        Figure::new("apply", "native", 2e6, "ns").beside("loro", 4e6),
        Figure::new("size", "native", 1234.0, "B").beside("yrs", 1e9),
        Figure::new("other", "native", 12.34, "ms"),
    ];
    assert_eq!(
        markdown(&two),
        "| | native | ÷ best peer |\n|---|---:|---:|\n| apply | 2.00 ms | 0.50 (loro) |\n\
         | size | 1,234 B | <0.01 (yrs) |\n| other | 12.3 ms | – |\n"
    );
}

#[test]
fn rows_without_a_common_measure_stand_in_tables_of_their_own() {
    let of = |row, measure| Figure::new(row, measure, 1.0, "s");
    assert_eq!(
        markdown(&[of("a", "time"), of("b", "size"), of("c", "time")]),
        "| | time |\n|---|---:|\n| a | 1.00 s |\n| c | 1.00 s |\n\n| | size |\n|---|---:|\n| b | 1.00 s |\n"
    );
    assert_eq!(
        markdown(&[of("a", "time"), of("b", "size"), of("c", "size"), of("c", "time")]),
        "| | time | size |\n|---|---:|---:|\n| a | 1.00 s | – |\n| b | – | 1.00 s |\n| c | 1.00 s | 1.00 s |\n",
        "a row may bring two together"
    );
}

#[test]
fn tables_of_the_page_are_replaced_and_the_rest_is_kept() {
    let page = "# Figures\n<!-- figures: host -->\nold\n<!-- end of figures -->\nwords\n<!-- figures: crdt -->\nkept\n<!-- end of figures -->\n";
    let once = write(page, &report()).unwrap();
    let table = markdown(&figures());
    assert_eq!(
        once,
        format!(
            "# Figures\n<!-- figures: host -->\n`scripts/bench.sh host --quick` at revision 80a519f, 2026-01-02; 2 \
             processors (a processor), load 0.25 at its beginning.\n\n{table}<!-- end of figures -->\nwords\n\
             <!-- figures: crdt -->\nkept\n<!-- end of figures -->\n"
        )
    );
    assert_eq!(write(&once, &report()).unwrap(), once, "made again it is the same");
    assert!(write("# Figures\n", &report()).unwrap_err().contains("<!-- figures: host -->"));
    assert!(write("<!-- figures: host -->\n", &report()).unwrap_err().contains("end of figures"));
}

/// The page in the repository has a place for the table of every benchmark.
#[test]
fn the_page_has_a_place_for_every_benchmark() {
    let root = crate::network::root();
    let page = std::fs::read_to_string(root.join("docs/figures.md")).unwrap();
    for script in std::fs::read_dir(root.join("scripts/bench")).unwrap() {
        let script = script.unwrap().file_name().to_string_lossy().into_owned();
        let Some(name) = script.strip_suffix(".sh") else { continue };
        let at = page.find(&begin(name)).unwrap_or_else(|| panic!("no {} in docs/figures.md", begin(name)));
        assert!(page[at..].contains(END), "{name}");
    }
}
