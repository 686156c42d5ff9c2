//! Prints the tables of docs/verification.md.

use ramanujan_verification::verdict::Verdict;

use crate::evaluate::{
    Item, Kind, brier_of, confidence_auc, largest_correlation, refused, verdict_auc, verifier_auc, weighing,
};

/// Share of the items of one kind (`None`: sound) with that verdict.
pub(crate) fn share(items: &[Item], defect: Option<usize>, verdict: Verdict) -> f64 {
    let those: Vec<&Item> = items.iter().filter(|item| item.defect == defect).collect();
    those.iter().filter(|item| item.report.verdict == verdict).count() as f64 / those.len() as f64
}

/// Every confidence that occurs, the share of sound items among those that have it, and their weight.
pub(crate) fn reliability(items: &[Item]) -> Vec<(f64, f64, f64)> {
    let weight = weighing(items);
    let mut values: Vec<f64> = items.iter().map(|item| item.report.confidence).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let row = |value: f64| {
        let those = || items.iter().filter(move |item| item.report.confidence == value);
        let total: f64 = those().map(&weight).sum();
        // An empty sum of floats is −0.
        let sound = 0.0 + those().filter(|item| item.defect.is_none()).map(&weight).sum::<f64>();
        (value, sound / total, total)
    };
    values.into_iter().map(row).collect()
}

/// Prints what the held-out part shows.
pub(crate) fn print_tables(title: &str, items: &[Item], kinds: &[Kind]) {
    let roster = &ramanujan_verification::ROSTER;
    println!(
        "### {title}: verifiers\n\n| # | test | for | AUC | sound that get a no | abstains |\n|---|---|---|---|---|---|"
    );
    for (v, verifier) in roster.iter().enumerate() {
        let own: Vec<_> = kinds.iter().filter(|k| k.1.contains(&verifier.agent_id)).map(|k| k.0).collect();
        let area = verifier_auc(items, kinds, v).map_or("–".to_owned(), |area| format!("{area:.3}"));
        let silent = items.iter().filter(|i| i.report.verifiers[v].score.is_none()).count();
        let test = &items[0].report.verifiers[v].test;
        println!(
            "| {} | `{test}` | {} | {area} | {:.1} % | {:.0} % |",
            verifier.agent_id,
            own.join(", "),
            100.0 * refused(items, v),
            100.0 * silent as f64 / items.len() as f64,
        );
    }
    println!(
        "\n### {title}: verdict and confidence\n\n| items | n | ACCEPTED | TENTATIVE | REJECTED | mean confidence | AUC of the confidence |\n|---|---|---|---|---|---|---|"
    );
    for kind in std::iter::once(None).chain((0..kinds.len()).map(Some)) {
        let those: Vec<_> = items.iter().filter(|item| item.defect == kind).collect();
        let mean = those.iter().map(|item| item.report.confidence).sum::<f64>() / those.len() as f64;
        let [accepted, tentative, rejected] =
            [Verdict::Accepted, Verdict::Tentative, Verdict::Rejected].map(|v| 100.0 * share(items, kind, v));
        let name = kind.map_or("sound", |d| kinds[d].0);
        let area =
            kind.map_or("".to_owned(), |d| format!("{:.3}", confidence_auc(items, |other| other == d)));
        println!(
            "| {name} | {} | {accepted:.0} % | {tentative:.0} % | {rejected:.0} % | {mean:.2} | {area} |",
            those.len()
        );
    }
    let (value, a, b) = largest_correlation(items);
    println!(
        "\nAll defects together: AUC of the confidence {:.4}, of the three-valued verdict alone {:.3}. Brier score {:.4}. \
         Largest correlation of two scores: {value:.3} (`{}`, `{}`).\n",
        confidence_auc(items, |_| true),
        verdict_auc(items),
        brier_of(items),
        items[0].report.verifiers[a].test,
        items[0].report.verifiers[b].test,
    );
    println!("### {title}: reliability\n\n| confidence | of these sound | weight |\n|---|---|---|");
    for (confidence, sound, weight) in reliability(items) {
        println!("| {confidence:.3} | {sound:.3} | {weight:.0} |");
    }
    println!();
}
