"""Lead times from shipment logs, and the demand that falls into them."""

from echelon.lead_time.dates import parse_dates
from echelon.lead_time.fit import fit_lead_time
from echelon.lead_time.models import LeadTimeModels
from echelon.lead_time.score import score_lead_time

__all__ = ["LeadTimeModels", "fit_lead_time", "parse_dates", "score_lead_time"]
