//! What an admin may read of an org: the role is asked for, and no fresh code.

use crate::{
    admin::Admin,
    driver::Stop,
    report::{self, Counts, Report},
    verdict::ActRefusal,
};

pub(super) async fn report(admin: &Admin<'_>) -> Result<Report, Stop<ActRefusal>> {
    admin.core().roster()?;
    let (policy, now) = admin.reader().await?;
    Ok(Report::begin(&admin.two_factor.0, &admin.org, &policy, now)?)
}

pub(super) async fn counts(admin: &Admin<'_>) -> Result<Counts, Stop<ActRefusal>> {
    admin.core().roster()?;
    let (policy, now) = admin.reader().await?;
    Ok(report::counts(admin.core(), &admin.org, &policy, now).await?)
}
