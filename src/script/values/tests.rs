use proptest::prelude::*;

use super::*;
use crate::script::Script;

/// What is said, in the characters that the clips speak.
fn said(value: &Value) -> String {
    let clips = value.clips().into_iter();
    clips.map(|clip| character(&clip.0).to_owned()).collect()
}

fn character(stem: &str) -> &str {
    match stem {
        "num-0" => "零",
        "num-1" => "一",
        "num-2" => "二",
        "num-3" => "三",
        "num-4" => "四",
        "num-5" => "五",
        "num-6" => "六",
        "num-7" => "七",
        "num-8" => "八",
        "num-9" => "九",
        "num-ten" => "十",
        "num-hundred" => "百",
        "num-thousand" => "千",
        "num-yao" => "幺",
        "num-liang" => "两",
        "unit-month" => "月",
        "unit-day" => "日",
        "unit-oclock" => "点",
        "unit-half" => "半",
        "unit-minute" => "分",
        "unit-to" => "至",
        other => other,
    }
}

fn hours(text: &str) -> HoursSpan {
    text.parse().expect("these are hours")
}

#[test]
fn numbers_are_said_as_they_are_counted() {
    for (number, words) in [
        (0, "零"),
        (1, "一"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (21, "二十一"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (111, "一百一十一"),
        (1000, "一千"),
        (1005, "一千零五"),
        (1010, "一千零一十"),
        (1050, "一千零五十"),
        (1100, "一千一百"),
        (2026, "二千零二十六"),
        (9999, "九千九百九十九"),
    ] {
        assert_eq!(said(&Value::Number(number)), words, "{number}");
    }
}

#[test]
fn staff_numbers_and_telephone_numbers_are_said_digit_by_digit() {
    assert_eq!(said(&Value::Digits("1108".to_owned())), "一一零八");
    assert_eq!(said(&Value::Telephone("1108".to_owned())), "幺幺零八");
    assert_eq!(
        said(&Value::Telephone("010-5618".to_owned())),
        "零幺零五六幺八"
    );
    assert_eq!(said(&Value::Digits(String::new())), "");
}

#[test]
fn hours_are_said_as_people_say_them() {
    for (span, words) in [
        ("09:00-12:00", "九点至十二点"),
        ("13:30-17:00", "十三点半至十七点"),
        ("02:00-14:05", "两点至十四点零五分"),
        ("00:00-24:00", "零点至二十四点"),
        ("08:10-20:45", "八点十分至二十点四十五分"),
        ("12:22-22:02", "十二点二十二分至二十二点零二分"),
    ] {
        assert_eq!(said(&Value::Hours(vec![hours(span)])), words, "{span}");
    }
}

#[test]
fn a_date_and_a_slot_are_said_with_their_units() {
    let (month, day) = (11, 24);
    assert_eq!(said(&Value::Date { month, day }), "十一月二十四日");
    let hours = vec![hours("09:00-12:00")];
    let slot = Value::Slot { month, day, hours };
    assert_eq!(said(&slot), "十一月二十四日九点至十二点");
    assert_eq!(said(&Value::Date { month: 2, day: 2 }), "二月二日");
}

#[test]
fn grades_and_holidays_have_a_clip_each() {
    let grades = Grade::ALL.map(|grade| said(&Value::Grade(grade)));
    assert_eq!(grades[3], "grade-dissatisfied");
    assert_eq!(Value::clips_of("grade"), grades);
    let named = HOLIDAYS.map(|name| said(&Value::Holiday(name.to_owned())));
    assert_eq!(Value::clips_of("holiday"), named);
}

#[test]
fn what_is_no_stretch_of_a_day_is_refused() {
    for wrong in [
        "",
        "9:00-12:00",
        "09:00",
        "12:00-09:00",
        "09:00-09:00",
        "09:60-12:00",
        "09:00-24:01",
        "09:00-25:00",
        "+9:00-12:00",
        "09:00-12:00-13:00",
        "0９:00-12:00",
    ] {
        let refused = wrong.parse::<HoursSpan>();
        assert_eq!(refused, Err(NoHours(wrong.to_owned())));
    }
}

#[test]
fn every_clip_that_a_value_may_need_is_of_the_shipped_script() {
    const SCRIPT: &str = include_str!("../../../prompts/zh-CN/script.toml");
    let script = Script::parse("script.toml", SCRIPT).expect("the shipped script is right");
    let needed = PLACEHOLDERS.iter().flat_map(|name| Value::clips_of(name));
    let missing: Vec<String> = needed.filter(|stem| script.words(stem).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A value of a placeholder, as sessions set them.
fn any_value() -> impl Strategy<Value = (&'static str, Value)> {
    let spans = || {
        proptest::collection::vec((0..1440u16, 1..=1440u16), 0..3).prop_map(|spans| {
            let ordered = spans.into_iter().filter(|(from, to)| from < to);
            let spans = ordered.map(|(from_min, to_min)| HoursSpan { from_min, to_min });
            spans.collect::<Vec<_>>()
        })
    };
    prop_oneof![
        "[0-9]{1,8}".prop_map(|digits| ("staff", Value::Digits(digits))),
        "[0-9]{4}".prop_map(|digits| ("tail", Value::Telephone(digits))),
        any::<u16>().prop_map(|number| ("n", Value::Number(number))),
        (1..=12u16).prop_map(|month| ("month", Value::Number(month))),
        (1..=31u16).prop_map(|day| ("day", Value::Number(day))),
        spans().prop_map(|hours| ("hours", Value::Hours(hours))),
        (1..=12u8, 1..=31u8).prop_map(|(month, day)| ("date", Value::Date { month, day })),
        (1..=12u8, 1..=31u8, spans())
            .prop_map(|(month, day, hours)| ("slot", Value::Slot { month, day, hours })),
    ]
}

proptest! {
    #[test]
    fn a_value_needs_no_clip_that_its_placeholder_does_not_announce((name, value) in any_value()) {
        let announced = Value::clips_of(name);
        for clip in value.clips() {
            prop_assert!(announced.contains(&clip.0), "{} of {name}", clip.0);
        }
    }

    #[test]
    fn no_text_of_hours_makes_it_panic(text in ".{0,20}") {
        let _ = text.parse::<HoursSpan>();
    }
}
