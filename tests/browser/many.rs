//! The scene in which many are looked at, and some of them reset.

use crate::story::Cast;

pub(crate) async fn a_report_and_a_reset_of_many(Cast { morgan, sam, .. }: &mut Cast<'_>) {
    morgan.presses("nav-report").await;
    morgan.sees("report").await;
    morgan.must_read("counts-title", "5 internal users, 1 customer").await;
    for (id, count) in [("count-enrolled", "3"), ("count-outdated", "2"), ("count-exempt", "1")] {
        assert_eq!(morgan.reads(id).await, count, "{id}");
    }
    let everybody = ["row-morgan", "row-riley", "row-sam", "row-jamie", "row-robin", "row-casey"];
    assert_eq!(morgan.lists("tbody tr", "id").await, everybody);
    morgan.presses("only-enrolled").await;
    morgan.sees("report").await;
    assert_eq!(morgan.lists("tbody tr", "id").await, ["row-morgan", "row-riley", "row-sam"]);
    morgan.finds_no("select-morgan").await;
    morgan.presses("everybody").await;
    morgan.sees("report").await;
    morgan.finds_no("select-casey").await;

    // What would become of each is shown before it is done.
    morgan.ticks("select-jamie").await;
    morgan.presses("reset-selected").await;
    morgan.sees("reset-many").await;
    morgan.must_read("title", "Reset 1 person?").await;
    morgan.presses("confirm").await;
    morgan.sees("reset-done").await;
    morgan.must_read("title", "1 person was reset").await;
    morgan.presses("back").await;
    morgan.sees("report").await;
    morgan.ticks("select-sam").await;
    morgan.ticks("select-jamie").await;
    morgan.presses("reset-selected").await;
    morgan.sees("reset-many").await;
    morgan.must_read("title", "Reset 1 person?").await;
    morgan.must_read("outcomes", "Sam Okafor: would be reset").await;
    morgan.must_read("nothing", "1 of those chosen has nothing to reset").await;
    morgan.presses("confirm").await;
    morgan.sees("reset-done").await;
    morgan.presses("back").await;
    morgan.sees("report").await;
    assert_eq!(morgan.reads("count-not-enrolled").await, "2");
    assert_eq!(morgan.reads_attribute("status-sam", "data-state").await, "not-enrolled");

    sam.loses_the_phone();
    sam.goes_to("/").await;
    sam.sees("login").await;
    sam.gives_the_password().await;
    sam.enrolls().await;
    sam.goes_to("/settings/report").await;
    sam.sees("refused").await;
    sam.goes_to("/").await;
    sam.sees("home").await;
}
